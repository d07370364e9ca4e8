/** The few icons, drawn here; each stands beside words or a label, so that they are hidden from readers of the screen. */
const paths = {
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16.500 16.500 21 21',
  plus: 'M12 5v14M5 12h14',
  folder: 'M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z',
  more: 'M5 12h.01M12 12h.01M19 12h.01M5.5 12h-1M12.5 12h-1M19.5 12h-1',
  close: 'M6 6l12 12M18 6 6 18',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  back: 'M20 12H5M11 6l-6 6 6 6',
  quote:
    'M10 7H6a1 1 0 0 0-1 1v4a1 1 0 0 0 1 1h3v1a3 3 0 0 1-3 3M19 7h-4a1 1 0 0 0-1 1v4a1 1 0 0 0 1 1h3v1a3 3 0 0 1-3 3',
  retry: 'M4 12a8 8 0 1 1 2.500 5.800M4 20v-4.500h4.500',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  alert: 'M12 8v5M12 16.500h.01M12 3 2.500 20h19z',
  minus: 'M5 12h14',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21c0-4 3.500-6 8-6s8 2 8 6',
  chat: 'M4 5h16v11H10l-5 4v-4H4zM8 9.500h8M8 12.500h5',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  up: 'M7 11v9H4v-9zM7 11l4-8a2 2 0 0 1 2 2v4h6l-2 11H7',
  down: 'M7 13V4H4v9zM7 13l4 8a2 2 0 0 0 2-2v-4h6L17 4H7',
  pin: 'M9 4h6l-1 6 3 3H7l3-3zM12 13v8',
  near: 'M5 10c3-3 6 2 14-1M5 15c3-3 6 2 14-1',
  server: 'M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01',
  books: 'M5 4h4v16H5zM9 4h4v16H9zM14.500 5l3.800-1 4 15.300-3.900 1z',
} as const

export type IconName = keyof typeof paths

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}
