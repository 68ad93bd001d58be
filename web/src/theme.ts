// What the app looks like: one accent, one type family, a 4 px grid. Colours that carry meaning are in tokens.css.
import { createTheme, type MantineColorsTuple } from "@mantine/core";

const teal: MantineColorsTuple = [
  "#e9f7f5", "#d3edea", "#a8dad5", "#79c6bf", "#52b5ac", "#38aaa0", "#1f9c92", "#0b7a72", "#0b6660", "#06524d",
];

// White on its seventh, the one that buttons have, is read by everybody: 5.9 to 1.
const red: MantineColorsTuple = [
  "#fff1f0", "#fce4e2", "#f8c6c2", "#f2a29c", "#ea7a72", "#df554b", "#cb3a30", "#b9312a", "#b3261e", "#8f1c15",
];

const dark: MantineColorsTuple = [
  "#e3e8ea", "#b9c3c9", "#9ba7af", "#7b8790", "#39424a", "#2a3237", "#171c1f", "#14181b", "#101315", "#0b0d0f",
];

const CLOSES = { "aria-label": "close" };

export const theme = createTheme({
  primaryColor: "teal",
  primaryShade: 7,
  autoContrast: true,
  colors: { teal, red, dark },
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "16px", sm: "20px", md: "20px", lg: "24px", xl: "28px" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  defaultRadius: 6,
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "28px" },
      h2: { fontSize: "15px", lineHeight: "24px" },
      h3: { fontSize: "14px", lineHeight: "20px" },
    },
  },
  components: {
    Button: { defaultProps: { size: "sm", fw: 500 } },
    Table: { defaultProps: { fz: "sm", verticalSpacing: 6, horizontalSpacing: 16 } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300, fz: "sm", multiline: true, maw: 320 } },
    // What closes is a cross; who listens hears its name.
    Notification: { defaultProps: { closeButtonProps: CLOSES } },
    Drawer: { defaultProps: { closeButtonProps: CLOSES } },
    Modal: { defaultProps: { closeButtonProps: CLOSES, centered: true, overlayProps: { backgroundOpacity: 0.35 } } },
    TextInput: { defaultProps: { size: "sm" } },
    PasswordInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm", allowDeselect: false } },
  },
});
