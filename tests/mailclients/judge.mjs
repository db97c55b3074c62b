// Judges mails and pages, which come as JSON on standard input by name: {clients, mails, pages}.
// Answers what these mail programs do not support of each mail, and where mails and pages break
// the HTML standard.
import { readFileSync } from "node:fs";
import { caniemail, rawData } from "caniemail";
import { HtmlValidate, StaticConfigLoader } from "html-validate";

const { clients, mails, pages } = JSON.parse(readFileSync(0, "utf8"));

// caniemail knows what Outlook on the web supports, as the new Outlook for Windows does, but
// cannot be asked for it. Windows Mail, which is gone since 2024, gives its place.
for (const { stats } of rawData.data) {
  delete stats.outlook?.["windows-mail"];
  if (stats.outlook?.["outlook-com"]) stats.outlook["windows-mail"] = stats.outlook["outlook-com"];
}
const named = client => client.replace("windows-mail", "web");

const lacks = [];
for (const [mail, html] of Object.entries(mails)) {
  const { errors, warnings } = caniemail({ clients, html }).issues;
  for (const found of [errors, warnings])
    for (const [client, features] of found)
      for (const { title, support, notes } of features)
        lacks.push({ mail, feature: title, client: named(client), support, notes });
}

// The standard deprecates what older Outlooks lay tables out by: width, align, cellpadding.
const mailRules = { "no-deprecated-attr": "off" };
const faults = [];
async function validate(documents, rules) {
  const config = { extends: ["html-validate:standard"], rules };
  const validator = new HtmlValidate(new StaticConfigLoader(config));
  for (const [name, html] of Object.entries(documents))
    for (const { messages } of (await validator.validateString(html)).results)
      for (const { ruleId, message, line } of messages)
        faults.push({ name, line, rule: ruleId, message });
}
await validate(mails, mailRules);
// The page of an issue is a mail between two bars.
const isIssue = name => name.startsWith("web/issue");
const part = wanted => Object.fromEntries(Object.entries(pages).filter(([name]) => isIssue(name) === wanted));
await validate(part(true), mailRules);
await validate(part(false), {});

console.log(JSON.stringify({ lacks, faults }));
