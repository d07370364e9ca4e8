/** English. */
import { stemEnglish } from './english-stemmer.ts'
import type { Language } from './language.ts'

export const english: readonly Language[] = [
  {
    code: 'en',
    stem: stemEnglish,
    endsAtApostrophe: (ending) => ending === 's',
    stopWords: `a about above after again against all also although am among an and any are as at be because been
      before being below between both but by can cannot could did do does doing done down during each either else ever
      every few for from further had has have having he hence her here hers herself him himself his how however i if in
      into is it its itself just may me might more most much must my myself neither no nor not of off often on once only
      or other ought our ours ourselves out over own per rather same shall she should since so some such than that the
      their theirs them themselves then there therefore these they this those though through thus to too under until up
      upon us very was we were what when where whether which while who whom whose why will with within without would yet
      you your yours yourself yourselves dont doesnt didnt isnt arent wasnt werent cant couldnt wouldnt shouldnt wont
      havent hasnt hadnt im ive youre theyre weve`,
  },
]
