// The page at the gateway's root: what runs, and a first sign-in. The token stays in this page's memory.
"use strict";

const element = (id) => document.getElementById(id);
const say = (text) => { element("said").textContent = text; };

function list(into, lines) {
  into.replaceChildren(...lines.map(([text, kind]) => {
    const line = document.createElement("li");
    line.textContent = text;
    if (kind) line.className = kind;
    return line;
  }));
}

async function ask(method, path, token, body) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const found = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) throw new Error(found.clause ? `${found.detail} (${found.clause})` : found.detail);
  return found;
}

async function showServices() {
  const { paths } = await ask("GET", "/openapi.json");
  const services = [...new Set(Object.values(paths).map((item) => item["x-service"]))].sort();
  const lines = await Promise.all(services.map(async (service) => {
    const up = await fetch(`/status/${service}`).then((answer) => answer.ok, () => false);
    return [`${service} ${up ? "answers" : "does not answer"}`, up ? "up" : "down"];
  }));
  list(element("services"), lines);
}

async function showMe(token) {
  const me = await ask("GET", "/v1/me", token);
  element("who").textContent = `${me.given_name} at ${me.school}`;
  const lines = [[`Signed in as ${me.capacity}${me.roles.length ? `: ${me.roles.join(", ")}` : ""}`]];
  for (const group of me.classes) lines.push([`Class ${group.name}`]);
  for (const child of me.children) {
    const points = await ask("GET", `/v1/pupils/${child.pupil_id}/points`, token);
    lines.push([`${child.given_name}: ${points.total} points`]);
  }
  if (me.capacity === "pupil") {
    const points = await ask("GET", `/v1/pupils/${me.person_id}/points`, token);
    lines.push([`${points.total} points`]);
  }
  list(element("what"), lines);
  element("mine").hidden = false;
  element("sign-out").onclick = async () => {
    await ask("DELETE", "/v1/sessions/current", token).catch(() => {});
    element("mine").hidden = true;
    say("Signed out.");
  };
}

element("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(event.target);
  const body = Object.fromEntries([...given].filter(([, value]) => value));
  say("");
  try {
    const session = await ask("POST", "/v1/sessions", null, body);
    event.target.reset();
    await showMe(session.token);
  } catch (problem) {
    say(problem.message);
  }
});

showServices().catch(() => say("The gateway's document cannot be read."));
