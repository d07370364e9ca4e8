/** Turkish, Arabic, Persian, Hebrew, Hindi, Nepali, Tamil, Sanskrit, Indonesian. */
import { stemmer as arabic } from '@orama/stemmers/arabic'
import { stemmer as hindi } from '@orama/stemmers/indian'
import { stemmer as indonesian } from '@orama/stemmers/indonesian'
import { stemmer as nepali } from '@orama/stemmers/nepali'
import { stemmer as sanskrit } from '@orama/stemmers/sanskrit'
import { stemmer as tamil } from '@orama/stemmers/tamil'
import { stemmer as turkish } from '@orama/stemmers/turkish'
import type { Language } from './language.ts'

export const asian: readonly Language[] = [
  {
    code: 'tr',
    stem: turkish,
    locale: 'tr',
    endsAtApostrophe: () => true,
    stopWords: `acaba ama ancak aslında az bana bazı belki ben beni benim bir biri birkaç birçok biz bize bizi bizim bu buna bunda
      bundan bunlar bunu bunun burada böyle çok çünkü da daha de değil diğer diye en fakat gibi göre hangi hem hep hepsi her
      hiç için ile ise kadar kendi ki kim kimse mi mu mü mı nasıl ne neden nedenle nerede nereye niçin niye o olan olarak
      oldu olduğu olması on ona ondan onlar onu onun orada sanki sen siz sonra şey şu şunlar tüm üzere var ve veya ya yani
      yok zaten kaç kaçı kaçıncı kimin kime kimi kimler hangisi hangileri nedir kimdir nereden neresi neresidir nerededir
      neyi neye neyin kaçta`,
  },
  {
    code: 'ar',
    stem: arabicStem,
    stopWords: `أو أي أين إذا إلا إلى أن إن أنا أنت أنه إنه بعد بعض بل بها به بين تحت تلك ثم حتى حول حيث خلال دون ذلك سوف عند عن على
      عليه عليها غير فإن في فيه فيها قبل قد كان كانت كل كما كم كيف لا لدى لكن لم لن له لها ليس ما ماذا متى مثل مع من منذ منه
      منها نحن نحو هذا هذه هل هم هنا هناك هو هي و وأن وفي وقد ولا ولم وما ومن وهو وهي يكون أية لماذا وماذا ومتى وأين الذي
      التي الذين اللذين اللتين اللاتي هؤلاء أولئك أما إنها أنها`,
  },
  {
    code: 'fa',
    stopWords: `آن آنها از است اگر اما او این اینکه با باید بر برای بود به بی تا چرا چند چه چون چگونه خود در را شد شده شما کرد کرده که
      کجا کدام کنند کند ما من نیز نه نیست و ولی هر هم همه هستند هست یا یک کی کسی چقدر کدامیک آیا آنچه`,
  },
  {
    code: 'he',
    stopWords: `אבל או אחר אחרי איך אין איפה אל אם אנחנו אני אשר את אתה בין בלי גם הוא היא היה היו היתה הם הן זאת זה זו יותר יש כאשר
      כי כל כמו כן לא לי לך לכן לנו לפני מאוד מה מי מן מתי נגד עד עוד על עם רק של שלא שלו שלה תחת כמה איזה איזו אילו מדוע
      למה לאן מאין מהו מהי מיהו האם`,
  },
  {
    code: 'hi',
    stem: hindi,
    stopWords: `अगर अपना अपनी अपने अब आदि आप इन इनका इस इसका इसकी इसके इसमें इसी उन उनका उनकी उनके उस उसका उसकी उसके उसे एक एवं ऐसे और
      कई कब कर करता करते करना करने का कि किया किस किसी की कुछ के को कोई कौन क्या क्यों कहाँ कैसे गई गए गया जब जहाँ जा जाता
      जो तक तथा तब तो था थी थे द्वारा न नहीं ने पर फिर बहुत बाद भी मगर मे में यदि यह यहाँ या ये रहा रहे लिए लिये लेकिन व वह
      वहाँ वाले वे साथ सब सभी से हम ही हुआ हुई हुए है हैं हो होता होती होते होना किसने किसके किसको किसे किसमें किससे किन
      किनका किनके कितना कितने कितनी कैसा कैसी कहां यहां वहां जहां उसने इसने उन्होंने इन्होंने उन्हें इन्हें जिसे जिस जिसने
      जिसका जिसकी जिसके जिसमें जिन`,
  },
  {
    code: 'ne',
    stem: nepali,
    stopWords:
      'अनि अर्थात् अब आफ्नो उनी उनले एक एउटा कि किन कुन के को कति गरी गरेको गर्न छ छन् छैन जब जसले जुन जो त तथा तर तिनी थियो थिए देखि न नै पनि पर्छ भएको भने मा म यदि यस यसको यो र रहेको ले लाई वा सँग सबै हामी हो हुन्छ',
  },
  {
    code: 'ta',
    stem: tamil,
    stopWords:
      'அது அந்த அல்லது அவர் அவள் அவன் ஆனால் இது இந்த இல்லை இவர் இங்கு உள்ள உள்ளது எந்த என என்பது என்ற என்று என்ன எப்படி எங்கே ஏன் ஒரு ஒரே கொண்டு தான் நான் நீ போன்ற மற்றும் மட்டும் மிக மேலும் யார் வேண்டும்',
  },
  { code: 'sa', stem: sanskrit },
  {
    code: 'id',
    stem: indonesian,
    stopWords: `ada adalah agar akan aku anda antara apa apakah atas atau bagaimana bagi bahwa banyak beberapa begitu belum bisa bukan
      dalam dan dapat dari dengan di dia ia ini itu jika juga kami kamu kapan karena ke kepada ketika kita lagi lain lebih
      maka mana masih mengapa mereka namun oleh pada para paling saat saja sampai sangat satu saya sebagai sebuah seperti
      serta setelah siapa sudah tak tanpa telah tentang tersebut tetapi tidak untuk yaitu yang berapa bagaimanakah siapakah
      manakah dimana kemana darimana kapankah mengapakah`,
  },
  {
    code: 'vi',
    stopWords: `và là của các có được cho trong với một những không này đó để khi từ người đã ra như thì ở về đến cũng nào gì ai tại
      sao vì nhưng hay hoặc bị nếu bao nhiêu đâu mấy thế lúc đây kia ấy mà do bởi`,
  },
]

/** "And", and the prepositions that lean on the article: what the stemmer leaves (Larkey, Ballesteros, Connell 2007, light10). */
const arabicPrefixes = [
  { prefix: /^و(?=.{3})/u, rest: '' },
  { prefix: /^[بكف]ال(?=.{2})/u, rest: 'ال' },
  { prefix: /^لل(?=.{2})/u, rest: 'ال' },
] as const

function arabicStem(word: string): string {
  return arabic(arabicPrefixes.reduce((left, { prefix, rest }) => left.replace(prefix, rest), word))
}
