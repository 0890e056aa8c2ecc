/** A site's options for the widget, from the attributes of its `<script>`. */

export interface WidgetOptions {
  /** Address of the page of a call. */
  page: string;
  /** Text of the button, and title of the frame. */
  label: string;
  /** Name of the button that closes the frame, for screen readers. */
  closeLabel: string;
  side: "left" | "right";
  /** CSS colour of the button; empty for the page's. */
  color: string;
}

/** Read the `data-` attributes of the script at `source`; the page is next to it, unless `data-page` says where. */
export function widgetOptions(source: string, data: Readonly<Record<string, string | undefined>>): WidgetOptions {
  return {
    page: new URL(data["page"] ?? ".", source).href,
    label: data["label"] || "Talk with us",
    closeLabel: data["closeLabel"] || "Close",
    side: data["side"] === "left" ? "left" : "right",
    color: data["color"] ?? "",
  };
}
