// Every sentence by key, from the sheet of the chosen language. No language stands in script.

const sheet = { lang: 'en', words: {}, plural: new Intl.PluralRules('en') };

/** The languages there are, each by its own name. */
export const LANGUAGES = { en: 'English', ko: '한국어' };

/** The language of the page: chosen before, else the phone's, else English. */
export function preferredLanguage() {
  const wished = [localStorage.getItem('lang'), ...(navigator.languages || [])].filter(Boolean);
  return wished.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => LANGUAGES[tag]) || 'en';
}

/** Loads the sheet of a language and turns the page to it. */
export async function speak(lang) {
  const answer = await fetch(document.documentElement.dataset.assets + 'words.' + lang + '.json');
  if (!answer.ok) throw new Error('no words of ' + lang);
  sheet.words = await answer.json();
  sheet.lang = lang;
  sheet.plural = new Intl.PluralRules(lang);
  document.documentElement.lang = lang;
  document.documentElement.dir = lang === 'ar' ? 'rtl' : 'ltr';
}

/** The sentence under a key, with its blanks filled; `n` chooses the plural. */
export function t(key, blanks = {}) {
  const found = sheet.words[key];
  const text = found && typeof found === 'object' ? found[sheet.plural.select(blanks.n)] ?? found.other : found;
  return (text ?? key).replace(/\{(\w+)\}/g, (_, name) => blanks[name] ?? '');
}

/** Whether there is a sentence under this key. */
export const says = (key) => key in sheet.words;

/** The sentence under a key if there is one, else what the service said. */
export const orSaid = (key, said) => (says(key) ? t(key) : said || t('error.other'));

/** The time of day of an instant. */
export function clockTime(instant) {
  const at = new Date(instant);
  return String(at.getHours()).padStart(2, '0') + ':' + String(at.getMinutes()).padStart(2, '0');
}

/** The language spoken now. */
export const language = () => sheet.lang;
