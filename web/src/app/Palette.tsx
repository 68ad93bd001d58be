// The command palette: Ctrl-K goes anywhere and does the few things that are done from anywhere.
import { useMantineColorScheme } from "@mantine/core";
import { Spotlight, spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { useNavigate } from "@tanstack/react-router";
import { useLeave, type Me } from "../api/session";
import { recallSteps } from "../start/away";
import { startTour } from "../start/tour";
import { Icon } from "../parts/Icon";
import { showKeys } from "./Keys";
import { pagesOf } from "./pages";

export const openPalette = (): void => spotlight.open();

export function Palette({ me }: { me: Me }) {
  const navigate = useNavigate();
  const leave = useLeave();
  const { setColorScheme } = useMantineColorScheme();
  const actions: SpotlightActionData[] = [
    ...pagesOf(me).map((page) => ({
      id: page.to,
      label: page.name,
      description: page.about,
      leftSection: <Icon name={page.icon} size={18} />,
      onClick: () => void navigate({ to: page.to }),
    })),
    { id: "tour", label: "Tour", description: "What the pages are for, in a few steps", keywords: "help start begin", leftSection: <Icon name="info" size={18} />, onClick: startTour },
    ...(me.rights.includes("admin") ? [{ id: "steps", label: "First steps", description: "What is to be done once: source, reviewer, alerts, baseline", keywords: "help start set up checklist", leftSection: <Icon name="ok" size={18} />, onClick: () => { recallSteps(me.name); void navigate({ to: "/admin" as const }); } }] : []),
    { id: "keys", label: "Keys of this page", keywords: "help shortcuts", leftSection: <Icon name="keys" size={18} />, onClick: showKeys },
    { id: "dark", label: "Dark colours", keywords: "theme mode", leftSection: <Icon name="moon" size={18} />, onClick: () => setColorScheme("dark") },
    { id: "light", label: "Light colours", keywords: "theme mode", leftSection: <Icon name="sun" size={18} />, onClick: () => setColorScheme("light") },
    { id: "leave", label: "Log out", leftSection: <Icon name="leave" size={18} />, onClick: () => leave.mutate() },
  ];
  return (
    <Spotlight
      actions={actions}
      shortcut={["mod + K"]}
      tagsToIgnore={[]} // also out of a field where one is writing
      nothingFound="Nothing of that name."
      highlightQuery
      transitionProps={{ duration: 0 }}
      overlayProps={{ backgroundOpacity: 0.35, blur: 0 }}
      searchProps={{ leftSection: <Icon name="search" />, placeholder: "Go to a page, or do …", "aria-label": "go to a page, or do" }}
    />
  );
}
