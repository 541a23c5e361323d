// The customer's six digits: the last one checks the others, so a slip of the finger is found without signal.

const DAMM = [
  '0317598642', '7092154863', '4206871359', '1750983426', '6123045978',
  '3674209581', '5869720134', '8945362017', '9438617205', '2581436790',
];

/** Whether these are six digits of which the last is the right check digit. Says nothing about whose code it is. */
export function digitsHold(text) {
  if (!/^[0-9]{6}$/.test(text)) return false;
  return [...text].reduce((state, digit) => Number(DAMM[state][Number(digit)]), 0) === 0;
}
