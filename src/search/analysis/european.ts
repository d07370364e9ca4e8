/** European languages that are alone in their families here: Finnish, Hungarian, Greek, Armenian, Irish, Lithuanian. */
import { stemmer as armenian } from '@orama/stemmers/armenian'
import { stemmer as finnish } from '@orama/stemmers/finnish'
import { stemmer as greek } from '@orama/stemmers/greek'
import { stemmer as hungarian } from '@orama/stemmers/hungarian'
import { stemmer as irish } from '@orama/stemmers/irish'
import { stemmer as lithuanian } from '@orama/stemmers/lithuanian'
import type { Language } from './language.ts'

export const european: readonly Language[] = [
  {
    code: 'fi',
    stem: finnish,
    stopWords: `ei eivät emme en että ettei hän hänen he heidän ja jo joka jos jossa jotka kanssa keitä kuin kuka kun me mikä miksi
      millainen minä missä mitä miten mukaan mutta myös ne niin nyt oli olin olla olen oli ollut on ovat se sekä sen siinä
      sitä tai tämä te tuo vaan vain voi kenen ketä kenelle ketkä mistä mihin milloin minkä miltä mille millä mitkä kuinka
      montako millaista mikäli jonka joiden josta johon`,
  },
  {
    code: 'hu',
    stem: hungarian,
    stopWords: `a abban ahhoz ahogy aki akkor alatt által általában amely amelyek ami amit annak arra az azok azon azt azzal be csak
      de e egy egyes egyéb elég ennek és ez ezek ezen ezért ezt ezzel fel hanem hogy hogyan ha igen így illetve is itt ki
      kell kellett le lehet lenni lesz lett meg mert mely melyek mi miért mikor milyen mint mit mivel most már más ne nem
      nincs ő ők össze saját sem semmi sok számára szerint te úgy után utolsó vagy van vannak volt voltak kit kinek kik mik
      hol hová honnan hány hányan mennyi melyik melyiket milyet miben mire miből`,
  },
  {
    code: 'el',
    stem: greekStem,
    stopWords: `αλλά αν από αυτά αυτές αυτή αυτό αυτοί αυτός αυτού αυτών για δε δεν εγώ εδώ είμαι είναι είσαι εκεί εκείνη εκείνο
      εκείνος ένα ένας επί έχει έχουν η ή ήταν θα ίσως κάθε και κατά κι με μετά μέχρι μη μην μια μία μου να ο οι όμως όπως
      όταν ότι ου ούτε παρά ποια ποιο ποιοι ποιος πολύ που πού προς πως πώς σαν σε στη στην στις στο στον στους σου τα τη
      την της τι τις το τον του τους τότε των ως ποιας ποιον ποιου ποιες ποιους ποιων πόσο πόσος πόση πόσοι πόσες πόσα πόσων
      πότε γιατί τίνος τίνων εκείνοι εκείνες εκείνα οποίος οποία οποίο οποίοι οποίες οποίας οποίου οποίων οποίους`,
  },
  {
    code: 'hy',
    stem: armenian,
    stopWords:
      'այդ այլ այն այս դու դուք եմ են ենք ես եք է էի էին էինք էիր էիք էր ըստ թ ի ին իսկ իր կամ համար հետ հետո մենք մեջ մի ն նա նաև նրա նրանք որ որը որոնք որպես ու ում պիտի վրա և',
  },
  {
    code: 'ga',
    stem: irish,
    stopWords: `a ach ag agus an aon ar as ba beirt bhúr ceathair cá cad ché chuig chun dá de den do don é faoi go gur i iad idir in ina is í
      le leis mar mé mo muid na nach ná ní níor ó os ré roimh sa sé seo sí sin siad tá thar tú um`,
  },
  {
    code: 'lt',
    stem: lithuanian,
    stopWords: `apie ar arba aš bei bet būti buvo dėl du iki ir iš jei ji jie jis jo jos jų kad kai kaip kas ką kiek kodėl kur kuri
      kurie kuris man mes mūsų ne nei nes nėra nuo o pagal per po prie prieš su šis ta tai taip tas tik tu už yra kada koks
      kokia kokie kokios kurį kurią kurių kam kuo kieno`,
  },
]

/** The stemmer knows letters without accents. */
function greekStem(word: string): string {
  return greek(
    word
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .replaceAll('ς', 'σ'),
  )
}
