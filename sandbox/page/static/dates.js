// Times in the viewer's zone, in Slack's wording.

const DAY = 86_400_000;
const local = (options) => (date) => new Intl.DateTimeFormat(undefined, options).format(date);

const time = local({ hour: "numeric", minute: "2-digit" });
const seconds = local({ hour: "numeric", minute: "2-digit", second: "2-digit" });
const short = local({ month: "short", day: "numeric", year: "numeric" });
const medium = local({ month: "long", day: "numeric", year: "numeric" });
const long = local({ weekday: "long", month: "long", day: "numeric", year: "numeric" });
const pad = (number) => String(number).padStart(2, "0");
const numeric = (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;

function pretty(otherwise) {
  return (date) => {
    const midnight = (one) => new Date(one.getFullYear(), one.getMonth(), one.getDate()).getTime();
    const days = Math.round((midnight(date) - midnight(new Date())) / DAY);
    return { 0: "today", 1: "tomorrow", "-1": "yesterday" }[days] ?? otherwise(date);
  };
}

function ago(date) {
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const past = (date.getTime() - Date.now()) / 1000;
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, one]) => Math.abs(past) >= one) ?? units.at(-1);
  return words.format(Math.round(past / size), unit);
}

const TOKENS = {
  date_num: numeric, date_slash: local({ dateStyle: "short" }), date: medium, date_short: short, date_long: long,
  date_pretty: pretty(medium), date_short_pretty: pretty(short), date_long_pretty: pretty(long),
  date_long_full: long, day_divider_pretty: pretty(long), time, time_secs: seconds, ago,
};

/** Fills in a Slack date format such as "{date_short} at {time}"; an unknown token stays. */
export function formatted(format, timestamp) {
  const date = new Date(timestamp * 1000);
  return format.replace(/\{(\w+)\}/g, (whole, token) => TOKENS[token]?.(date) ?? whole);
}

export const clock = (timestamp) => time(new Date(timestamp * 1000));
export const moment = (timestamp) => formatted("{date_long} {time_secs}", timestamp);
export const isoOf = (timestamp) => new Date(timestamp * 1000).toISOString();
export const dayOf = (timestamp) => formatted("{day_divider_pretty}", timestamp);
