// Two images, or sheets of images, on top of each other.
import { make } from "./frame";

export interface Picture { name: string; source: string | (() => Promise<string>); alt: string }

const modes = { slide: "Slide", first: "Left only", second: "Right only", difference: "Difference" };

/** A stage with two pictures and the controls to choose and compare them. */
export function comparePictures(pictures: Picture[], left: number, right: number): HTMLElement[] {
  const choice = (label: string, start: number): [HTMLElement, HTMLSelectElement] => {
    const select = make("select", {}, ...pictures.map((p, i) => make("option", { value: String(i), selected: i === start }, p.name)));
    return [make("label", {}, label, select), select];
  };
  const [firstLabel, first] = choice("Left", left);
  const [secondLabel, second] = choice("Right", right);
  const under = make("img", { alt: "" }), over = make("img", { alt: "", class: "over" });
  const slider = make("input", { type: "range", min: "0", max: "100", value: "50", "aria-label": "Share of the left picture that is shown" });
  const stage = make("div", { class: "stage", "data-mode": "slide" }, under, over, slider);
  const names = [make("span"), make("span")];
  const buttons = Object.entries(modes).map(([mode, label]) => {
    const button = make("button", { type: "button", "aria-pressed": String(mode === "slide") }, label);
    button.addEventListener("click", () => {
      stage.dataset.mode = mode;
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    });
    return button;
  });
  const update = () => ([[first, under, names[0]], [second, over, names[1]]] as const).forEach(([select, image, name]) => {
    const picture = pictures[Number(select.value)];
    if (typeof picture.source === "string") image.src = picture.source;
    // Another one may have been chosen by the time that it is there.
    else {
      const chosen = () => pictures[Number(select.value)] === picture;
      picture.source().then(source => { if (chosen()) image.src = source; }, () => { if (chosen()) image.removeAttribute("src"); });
    }
    image.alt = picture.alt;
    name.textContent = picture.name;
  });
  slider.addEventListener("input", () => stage.style.setProperty("--cut", `${slider.value}%`));
  first.addEventListener("change", update);
  second.addEventListener("change", update);
  update();
  return [make("div", { class: "controls" }, firstLabel, secondLabel, make("div", { class: "choose", role: "group", "aria-label": "How to compare", style: "margin:0" }, ...buttons)),
    stage, make("div", { class: "names" }, ...names)];
}
