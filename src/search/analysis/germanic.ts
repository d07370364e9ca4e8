/** German, Dutch, Danish, Norwegian, Swedish; stop words for Afrikaans-like forms are not claimed. */
import { stemmer as danish } from '@orama/stemmers/danish'
import { stemmer as dutch } from '@orama/stemmers/dutch'
import { stemmer as german } from '@orama/stemmers/german'
import { stemmer as norwegian } from '@orama/stemmers/norwegian'
import { stemmer as swedish } from '@orama/stemmers/swedish'
import type { Language } from './language.ts'

const norwegianStopWords = `alle at av bare ble bli blir da de deg dem den der deres det dette din disse du eller en enn er
  et etter for fra før ha hadde han hans har hennes her hun hva hvem hver hvilken hvis hvor hvordan hvorfor i ikke inn ja
  jeg kan kom kun kunne man med meg men mer min mot mye når noe noen nå og også om opp oss over på så seg selv sin sine sitt
  skal skulle slik som til ut uten var ved vi vil ville være vært å`

export const germanic: readonly Language[] = [
  {
    code: 'de',
    stem: german,
    stopWords: `aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei beim
      bin bis bist da damit dann das dass daß dein deine dem den denn der deren des dessen dich die dies diese diesem diesen
      dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch euer für gegen gibt hab habe
      haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist ja jede jedem
      jeden jeder jedes jene kann kein keine können könnte machen man mehr mein meine mich mir mit muss musste nach nicht
      nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seit sich sie sind so solche soll sollte sondern
      sonst über um und uns unser unter viel vom von vor wann war waren warum was weg weil welche welchem welchen welcher
      welches wem wen wenn wer werde werden wie wieder will wir wird wirst wo wohl wollen worden wurde wurden zu zum zur
      zwar zwischen wessen wieso weshalb wozu woher wohin womit wodurch wofür woran worauf woraus worin worüber wovon wovor
      wieviel wieviele viele vielen jener jenem jenen unsere unserem unseren unserer eure eurem euren eurer konnte konnten
      wäre würde würden`,
  },
  {
    code: 'nl',
    stem: dutch,
    stopWords: `aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een eens en er ge geen
      geweest haar had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan kon kunnen maar me meer men
      met mij mijn moet na naar niet niets nog nu of om omdat ondanks ons ook op over reeds te tegen toch toen tot u uit uw
      van veel voor waar waarom wanneer want waren was wat we wel welk welke werd wezen wie wij wil worden wordt zal ze zelf
      zich zij zijn zo zonder zou hoeveel wiens wier waarin waarmee waarop waardoor waarvan waarvoor waarheen vandaan`,
  },
  {
    code: 'da',
    stem: danish,
    stopWords: `ad af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din disse dog du efter eller en
      end er et for fra ham han hans har havde have hende hendes her hos hun hvad hvem hvilken hvis hvor hvordan hvorfor
      hvornår i ikke ind jeg jer jo kan kun kunne man mange med meget men mig min mine mit mod ned noget nogle nu når og
      også om op os over på selv sig sin sine sit skal skulle som sådan thi til ud under var vi vil ville vor være været
      hvilket hvilke hvorfra hvorhen hvormed`,
  },
  { code: 'no', stem: norwegian, stopWords: norwegianStopWords },
  { code: 'nb', stem: norwegian, stopWords: norwegianStopWords },
  {
    code: 'sv',
    stem: swedish,
    stopWords: `alla allt att av blev bli blir blivit de dem den denna deras dess dessa det detta dig din dina ditt du där då efter ej
      eller en er era ett från för ha hade han hans har henne hennes hon honom hur här i icke in ingen inom inte jag ju kan
      kunde man med mellan men mig min mina mitt mot mycket ni nu när någon något några och om oss på samma sedan sig sin
      sina sitt själv ska skulle som så sådan till under upp ut utan vad var vara varför varit varje vars vart vem vi vid
      vilka vilken vilket vår våra vårt än är åt över hvilket hvilke hvorfra hvordan hvorhen vilkas vems varifrån varmed`,
  },
  {
    code: 'is',
    stopWords: `að af á ekki en er ég eru eða fyrir frá hann hafa hún hvað hver hvernig hvers í það þau þeir sem með og til um var við
      þar þegar því þá`,
  },
]
