// A few line icons, drawn here: 20 × 20, one weight.
const PATHS = {
  extract: "M4 4h12M4 8h7M4 12h12M4 16h6M14 8h2",
  review: "M4 10.5l4 4 8-9",
  watch: "M2 11h3l2.5-6 4 10 2.5-6H18",
  models: "M10 2.5l7 3.75v7.5L10 17.5l-7-3.75v-7.5zM3 6.25l7 3.75 7-3.75M10 10v7.5",
  kpis: "M4 16.5V10M10 16.5v-13M16 16.5V7",
  data: "M3.5 5c0-1.4 2.9-2.5 6.5-2.5s6.5 1.1 6.5 2.5-2.9 2.5-6.5 2.5S3.5 6.4 3.5 5zM3.5 5v10c0 1.4 2.9 2.5 6.5 2.5s6.5-1.1 6.5-2.5V5M3.5 10c0 1.4 2.9 2.5 6.5 2.5s6.5-1.1 6.5-2.5",
  admin: "M10 10a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM3.5 17c.5-3 3.2-4.5 6.5-4.5s6 1.5 6.5 4.5",
  search: "M9 15A6 6 0 109 3a6 6 0 000 12zM13.5 13.5L17.5 17.5",
  sun: "M10 13.5a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6L16 16M4 16l1.4-1.4M14.6 5.4L16 4",
  moon: "M16.5 12A7 7 0 018 3.5a7 7 0 108.5 8.5z",
  auto: "M10 17.5a7.5 7.5 0 100-15 7.5 7.5 0 000 15zM10 2.5v15",
  leave: "M8 17H4V3h4M13 6l4 4-4 4M17 10H8",
  keys: "M2.5 5h15v10h-15zM5.5 8h.01M8.5 8h.01M11.5 8h.01M14.5 8h.01M6 12h8",
  ok: "M10 17.5a7.5 7.5 0 100-15 7.5 7.5 0 000 15zM6.5 10.3l2.4 2.4 4.6-5",
  warning: "M10 3l8 14H2zM10 8v4M10 14.5v.01",
  drift: "M2.5 14c3-8 5 4 8-2s4-5 7-6M13.5 5.5l4 .5-1.5 3.7",
  breach: "M6.5 2.5h7l4 4v7l-4 4h-7l-4-4v-7zM10 6v5M10 13.5v.01",
  quiet: "M10 17.5a7.5 7.5 0 100-15 7.5 7.5 0 000 15zM6.5 10h7",
  info: "M10 17.5a7.5 7.5 0 100-15 7.5 7.5 0 000 15zM10 9v5M10 6.2v.01",
  lock: "M4.5 9h11v8h-11zM7 9V6.5a3 3 0 016 0V9",
  pause: "M7 4v12M13 4v12",
  close: "M5 5l10 10M15 5L5 15",
  undo: "M7 4L3 8l4 4M3 8h8.5a5 5 0 010 10H8",
  link: "M8.5 11.5l3-3M9 6l1.7-1.7a3.5 3.5 0 015 5L14 11M11 14l-1.7 1.7a3.5 3.5 0 01-5-5L6 9",
  star: "M10 2.5l2.3 4.8 5.2.7-3.8 3.6.9 5.2L10 14.3l-4.6 2.5.9-5.2L2.5 8l5.2-.7z",
  print: "M5.5 7V2.5h9V7M5.5 14h-3V7h15v7h-3M5.5 11.5h9v6h-9z",
  copy: "M7 7h10v10H7zM13 7V3H3v10h4",
  down: "M10 3v10M5.5 9l4.5 4.5L14.5 9M3 17h14",
  plus: "M10 4v12M4 10h12",
  empty: "M3 11l3-7h8l3 7v5H3zM3 11h4l1 2.5h4L13 11h4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16, filled = false }: { name: IconName; size?: number; filled?: boolean }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill={filled ? "currentColor" : "none"} stroke="currentColor" strokeWidth={size > 20 ? 1.2 : 1.6} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" style={{ flex: "none" }}>
      <path d={PATHS[name]} />
    </svg>
  );
}
