/** French, Spanish, Italian, Portuguese, Romanian, and Catalan without a stemmer. */
import { stemmer as french } from '@orama/stemmers/french'
import { stemmer as italian } from '@orama/stemmers/italian'
import { stemmer as portuguese } from '@orama/stemmers/portuguese'
import { stemmer as romanian } from '@orama/stemmers/romanian'
import { stemmer as spanish } from '@orama/stemmers/spanish'
import type { Language } from './language.ts'

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))

export const romance: readonly Language[] = [
  {
    code: 'fr',
    stem: french,
    elided: words('c d j l m n qu s t jusqu lorsqu puisqu quoiqu quelqu'),
    stopWords: `à afin ai aie ainsi alors après as au aucun aussi autre autres aux avais avait avant avec avez avoir avons ayant c car
      ce ceci cela celle celles celui ces cet cette ceux chaque chez comme comment d dans de depuis des dont du elle elles
      en encore entre es est et étaient était étant été être eu eux fait faire fut il ils j je jusqu l la le les leur leurs
      lors lui m ma mais me même mes moi moins mon n ne ni nos notre nous on ont ou où par pas pendant peu peut plus pour
      pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses si soit son sont sous sur t ta te tes
      toi ton tous tout toute toutes très tu un une vers vos votre vous y combien lequel laquelle lesquels lesquelles duquel
      auquel desquels auxquels`,
  },
  {
    code: 'es',
    stem: spanish,
    stopWords: `a al algo algunas algunos ante antes aquel aquella así aún aunque cada como cómo con contra cual cuál cuando cuándo de
      del desde donde dónde dos durante e el él ella ellas ellos en entre era eran es esa esas ese eso esos esta está estaba
      están estar estas este esto estos fue fueron ha haber había han has hasta hay he la las le les lo los más me mi mí
      mientras mis mucho muchos muy nada ni no nos nosotros nuestra nuestro o os otra otras otro otros para pero poco por
      porque pues que qué quien quién quienes se sea ser si sí sido sin sobre son su sus suya suyo también tan tanto te
      tenía tiene todo todos tu tus un una uno unos y ya yo cuáles cuánto cuánta cuántos cuántas quiénes adónde aquello
      aquellos aquellas cuyo cuya cuyos cuyas suyos suyas nuestros nuestras`,
  },
  {
    code: 'it',
    stem: italian,
    elided: words(
      'l un d c m t s v n all dall dell nell sull coll quell quest bell sant dov com cos anch',
    ),
    stopWords: `a abbia ad agli ai al alla alle allo anche ancora avere aveva c che chi ci coi col come con contro cosa cui d da dagli
      dai dal dalla dalle dallo degli dei del dell della delle dello di dopo dove e è ed era erano essere fa fra fu gli ha
      hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia mio molto ne negli nei nel nell nella nelle nello no
      noi non nostra nostro o ogni per perché perchè più poi prima quale quali quando quanto quella quelle quelli quello
      questa queste questi questo qui se sei si sia siamo sono sopra sotto sta stata stato su sua sue sugli sui sul sulla
      sulle sullo suo suoi te ti tra tu tua tuo tutti tutto un una uno vi voi vostra vostro quanta quanti quante chiunque
      quegli quei quel quell donde`,
  },
  {
    code: 'pt',
    stem: portuguese,
    stopWords: `a à ao aos aquela aquele aquilo as às até cada com como da das de dela dele deles depois do dos e é ela elas ele eles
      em entre era eram essa esse esta está estão estar estas estava este estes eu foi foram há isso isto já la lhe lhes lo
      mais mas me mesmo meu minha muito na não nas nem no nos nós nossa nosso num numa o onde os ou para pela pelas pelo
      pelos por porque qual quando que quê quem são se sem ser será seu seus si sido só sobre sua suas também te tem têm tem
      tinha toda todo todos tu tua um uma umas uns você vocês vos quais quanto quanta quantos quantas aonde cujo cuja cujos
      cujas aqueles aquelas`,
  },
  {
    code: 'ro',
    stem: romanian,
    stopWords: `a acea aceasta această aceea acei aceia acel acela acele acest acesta aceste acești ai al ale am ar are aș asupra ați
      au avea avem aveți ca că căci când care cât câte ce cel cei cele celor cine cu cum da dacă dar de deci deja din dintre
      doar după ea ei el ele era este eu fi fie fiecare fost iar îi îl în încât între la le li lor lui mai mea mei mele meu
      mi mult nici noastre nostru nu o or ori pe pentru peste prin sa să sale sau se și sunt sus ta tău te tot toate toți tu
      un una unde unei unui va vă vom voi vor câți câtă cărui cărei căror căruia căreia cărora cui încotro acestei acestui
      acestor`,
  },
  {
    code: 'ca',
    elided: words('l d m t s n'),
    stopWords: `a al als amb aquest aquesta com d de del dels el els en entre és ha han hi i l la les li més no o on pel per però que què
      quan qui s se sense ser seu seva si són també un una uns va`,
  },
]
