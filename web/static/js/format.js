// Numbers, sizes and times as people read them.

const number = new Intl.NumberFormat();
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

export const count = (n) => number.format(n);

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function bytes(n) {
  const power = n < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(n) / 3));
  const value = n / 1000 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${UNITS[power]}`;
}

// Only what is equal reads 100%.
export const percent = (fraction) => `${fraction >= 1 ? 100 : Math.min(99, Math.round(fraction * 100))}%`;

export const date = (seconds) => day.format(seconds * 1000);

export const time = (seconds) => moment.format(seconds * 1000);

export function duration(seconds) {
  if (seconds < 1) return "under a second";
  if (seconds < 60) return plural(Math.round(seconds), "second");
  if (seconds < 3600) return plural(Math.round(seconds / 60), "minute");
  const minutes = Math.round(seconds / 60);
  return `${plural(Math.floor(minutes / 60), "hour")} ${plural(minutes % 60, "minute")}`;
}

export function localizeTimes(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    element.textContent = moment.format(new Date(element.dateTime));
  }
}
