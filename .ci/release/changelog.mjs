/** Looks a version up in a changelog in the form of Keep a Changelog. */

const GROUPS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']

/**
 * Tells what keeps a changelog from being that of a version which is released now: sentences, none if all is well.
 *
 * @param {string} text
 * @param {string} version
 * @param {string} today as YYYY-MM-DD
 */
export function changelogFindings(text, version, today) {
  const sections = sectionsOf(text)
  const [unreleased, latest] = sections
  const found = []
  if (unreleased?.name !== 'Unreleased') found.push('CHANGELOG.md does not begin with an Unreleased section.')
  else if (unreleased.body !== '') found.push('CHANGELOG.md still has something Unreleased: move it to the version.')
  const section = sections.find(({ name }) => name === version)
  if (section === undefined) return [...found, `CHANGELOG.md has no section for ${version}.`]
  if (section !== latest) found.push(`CHANGELOG.md has another section between Unreleased and ${version}.`)
  if (!isDate(section.date)) found.push(`CHANGELOG.md gives ${version} no date, as in ## [${version}] - ${today}.`)
  else if (section.date > today) found.push(`CHANGELOG.md dates ${version} later than today.`)
  if (!/^- \S/m.test(section.body)) found.push(`CHANGELOG.md says nothing of ${version}.`)
  const groups = [...section.body.matchAll(/^### (.*)$/gm)].map(([, group]) => group)
  for (const group of groups) {
    if (!GROUPS.includes(group))
      found.push(`CHANGELOG.md has a group ${group} in ${version}: they are ${GROUPS.join(', ')}.`)
  }
  for (const name of ['Unreleased', version]) {
    if (!hasLink(text, name)) found.push(`CHANGELOG.md has no link for ${name}, as in [${name}]: https://…`)
  }
  return found
}

/** The part of a changelog that is about a version. */
export function changesOf(text, version) {
  return sectionsOf(text).find(({ name }) => name === version)?.body ?? ''
}

function sectionsOf(text) {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n')
      const [, name, date] = /^\[([^\]]+)\](?: - (\S+))?\s*$/.exec(heading) ?? []
      const body = lines.filter((line) => !/^\[[^\]]+\]: /.test(line))
      return { name, date, body: body.join('\n').trim() }
    })
}

function isDate(text) {
  return text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))
}

function hasLink(text, name) {
  return text.split('\n').some((line) => line.startsWith(`[${name}]: https://`))
}
