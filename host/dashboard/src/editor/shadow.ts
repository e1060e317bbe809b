/**
 * A place for an editor where its styles are no inline styles. In a document, CodeMirror writes a `<style>`,
 * which `style-src 'self'` forbids; in a shadow root it adopts constructed style sheets, which are not inline.
 */
export function shadowHost(parent: HTMLElement): { root: ShadowRoot; place: HTMLElement } {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
  const base = new CSSStyleSheet();
  base.replaceSync(":host{display:block;min-height:0} .place{height:100%;min-height:0} *{box-sizing:border-box}");
  root.adoptedStyleSheets = [base];
  const place = document.createElement("div");
  place.className = "place";
  root.replaceChildren(place);
  return { root, place };
}
