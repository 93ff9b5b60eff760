#include "cli/page/sections.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "cli/output/cell.hpp"
#include "cli/output/note.hpp"
#include "cli/timeline/html.hpp"
#include "core/records/outcome.hpp"
#include "core/records/set.hpp"
#include "core/records/signal.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_largest_picture = 256u << 10;

template <std::size_t N>
const plugin::ColumnRow& column(const plugin::ColumnRow (&columns)[N], std::string_view heading) {
  return *std::ranges::find(columns, heading,
                            [](const auto& row) { return std::string_view(row.heading); });
}

constexpr std::size_t k_longest_cell = 500;
constexpr std::size_t k_longest_name = 120;  ///< what senders call things may be longer
/// So much of one table: where its rows are huge, older ones give way, never all of it.
constexpr std::size_t k_largest_table = 320u << 10;

/// What a column of `ls` and `history` shows of a record, with more room for notes.
std::string cell(const Json& record, const plugin::ColumnRow& column) {
  using plugin::Show;
  const bool note = column.show == Show::note || column.show == Show::phrase;
  return markup(
      printable(note ? note_text(record, column.note) : cell_text(record, column), k_longest_cell));
}

/// The word before the first comma.
std::string_view first_of(std::string_view word) { return word.substr(0, word.find(',')); }

/// Words with a sign before them: nothing is told by its colour alone.
std::string with_mood(std::string_view mood, std::string_view words) {
  const auto* sign = mood == "good" ? "✓" : mood == "bad" ? "✕" : mood == "warn" ? "!" : "·";
  return fmt::format(
      "<span class=\"m-{}\"><span class=\"sign\" aria-hidden=\"true\">{}</span> {}</span>",
      mood.empty() ? "plain" : mood, sign, markup(words));
}

std::string_view mood_of_severity(std::string_view severity) {
  return severity == "warning" ? "warn" : "bad";
}

std::string_view mood_of_result(std::string_view result) {
  if (result == "done") return "good";
  return result == "failed" ? "bad" : result == "refused" ? "warn" : "";
}

void head(std::string& out, std::string_view caption,
          std::initializer_list<std::string_view> names) {
  fmt::format_to(std::back_inserter(out),
                 "<table><caption class=\"hidden\">{}</caption><thead><tr>", caption);
  for (const auto& name : names)
    fmt::format_to(std::back_inserter(out), "<th scope=\"col\">{}</th>", name);
  out += "</tr></thead><tbody>\n";
}

std::string left_out(std::ptrdiff_t rows, std::string_view what, std::string_view command) {
  if (rows == 0) return {};
  return fmt::format("<p>{} not shown: cdctl {}</p>", plural(rows, fmt::format("older {}", what)),
                     command);
}

/// What a set is made of, in the words of who wrote it: the newest subjects and their authors.
std::string commit_html(const Json& commits) {
  constexpr std::size_t k_most = 3, k_longest = 120;
  std::vector<std::string> out;
  const auto add = [&](const Json& one) {
    const auto subject = one["subject"].view(), author = one["author"].view();
    if (subject.empty() || out.size() == k_most) return;
    auto text = markup(printable(subject, k_longest));
    if (!author.empty())
      text += fmt::format(" <span class=\"by\">{}</span>", markup(printable(author, 60)));
    out.push_back(std::move(text));
  };
  for (const auto& [name, source] : commits.members()) add(source);  // the sources of a set
  for (const auto& one : commits.items()) add(one);                  // the commits of an outcome
  return joined(out, "<br>");
}

std::string set_row(const Json& set) {
  const auto& columns = records::Set::k_columns;
  const auto word = state_text(set);
  const auto deployed = parse_rfc3339(set["deployed_at"].view());
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"short\" data-label=\"Units\">{}</td>"
      "<td class=\"nowrap short\" data-label=\"Since\">{}</td><td class=\"long\">{}</td>"
      "<td class=\"long\">{}</td></tr>\n",
      markup(set["set"].view()), with_mood(mood_of(word), word),
      cell(set, column(columns, "UNITS")),
      deployed ? moment_html(*deployed) + ago_html(*deployed) : "?",
      cell(set, column(columns, "NOTE")), commit_html(set["sources"]));
}

}  // namespace

std::string moment_html(Time time) {
  const auto text = to_rfc3339(time);
  return fmt::format("<time datetime=\"{}\">{}{}</time>", text, short_time(time),
                     text.substr(16, 3));
}

std::string ago_html(Time time) {
  return fmt::format("<span class=\"ago\" data-at=\"{}\"></span>", time.time_since_epoch().count());
}

std::string_view mood_of(std::string_view word) {
  word = first_of(word);
  if (word == "live") return "good";
  if (word == "cut" || word == "down") return "bad";
  const bool warn = word == "partial" || word == "trial" || word == "unknown" || word == "lost" ||
                    word.ends_with('?');
  return warn ? "warn" : "";
}

bool in_trouble(const BoardService& service) {
  return !service.error.empty() || !service.outage.empty() ||
         std::ranges::any_of(service.sets, [](const Json& set) {
           const auto mood = mood_of(state_text(set));
           return mood == "bad" || mood == "warn";
         });
}

std::string summary_html(const std::vector<const BoardService*>& services, std::size_t left_out) {
  std::map<std::string, std::int64_t> words;
  std::int64_t sets = 0, out = 0;
  std::string links;
  for (const auto* service : services) {
    sets += std::ssize(service->sets);
    out += service->outage.empty() ? 0 : 1;
    for (const auto& set : service->sets) ++words[std::string(first_of(state_text(set)))];
    if (in_trouble(*service))
      fmt::format_to(std::back_inserter(links), " <a href=\"#service-{0}\">{0}</a>",
                     markup(service->name));
  }
  std::string counts, title;
  for (const auto& [word, count] : words) {
    counts += ", " + with_mood(mood_of(word), fmt::format("{} {}", count, word));
    if (mood_of(word) == "bad") title += fmt::format("{} {}, ", count, word);
  }
  if (out > 0) title = fmt::format("{} without workers, ", out) + title;
  auto html = fmt::format("<h2 class=\"hidden\">Summary</h2><p data-title=\"{}cdctl\">{}, {}{}</p>",
                          markup(title), plural(std::ssize(services), "service"),
                          plural(sets, "set"), counts);
  if (services.empty()) html += "<p>No service is configured here: cdctl init</p>";
  if (!links.empty()) html += "<p class=\"links\">Look at:" + links + "</p>";
  if (left_out > 0) html += fmt::format("<p>{} of them not shown: cdctl ls</p>", left_out);
  return html;
}

std::string service_html(const BoardService& service, std::size_t most) {
  auto out = fmt::format("<h2>{}</h2>", markup(service.name));
  if (!service.outage.empty())
    out += "<p>" + with_mood("bad", "nobody works on it: " + service.outage) + "</p>";
  if (!service.error.empty())
    out += "<p>" + with_mood("warn", "could not be asked: " + service.error) + "</p>";
  if (service.sets.empty()) return out + "<p>No set is known.</p>";
  head(out, "Sets, newest first", {"Set", "State", "Units", "Out there since", "Note", "Made of"});
  const auto shown = std::min(most, service.sets.size());
  for (std::size_t i = 0; i < shown; ++i) out += set_row(service.sets[i]);
  out += "</tbody></table>\n";
  if (const auto more = service.sets.size() - shown; more > 0)
    out += fmt::format("<p>{} not shown: cdctl ls {}</p>",
                       plural(static_cast<std::int64_t>(more), "older set"), markup(service.name));
  return out;
}

std::string timeline_section(const Timeline& timeline) {
  auto drawn = pictures(timeline, timeline.service);
  if (drawn.size() <= k_largest_picture) return drawn;
  return fmt::format("<p>Its timeline is too much for this page: cdctl timeline {}</p>",
                     markup(timeline.service));
}

std::string actions_html(const std::deque<Json>& outcomes) {
  std::string out = "<h2>Actions</h2>";
  if (outcomes.empty()) return out + "<p>Nothing was done from this home in this time.</p>";
  const auto& columns = records::Outcome::k_log_columns;
  head(out, "Actions of this home, newest first",
       {"Ended (UTC)", "Action", "Of", "Result", "Why", "Made of", "By"});
  auto at = outcomes.rbegin();
  for (; at != outcomes.rend() && out.size() < k_largest_table; ++at) {
    const auto result = note_text(*at, column(columns, "RESULT").note);
    const auto time = parse_rfc3339((*at)["time"].view());
    fmt::format_to(
        std::back_inserter(out),
        "<tr><th scope=\"row\">{}</th><td class=\"word\">{}</td><td class=\"nowrap\">{}</td>"
        "<td>{}</td><td class=\"long\">{}</td><td class=\"long\">{}</td>"
        "<td class=\"quiet\">{}</td></tr>\n",
        time ? moment_html(*time) + ago_html(*time) : "?", cell(*at, column(columns, "ACTION")),
        cell(*at, column(columns, "SET")), with_mood(mood_of_result(result), result),
        cell(*at, column(columns, "WHY")), commit_html((*at)["commits"]),
        cell(*at, column(columns, "BY")));
  }
  return out + "</tbody></table>\n" + left_out(outcomes.rend() - at, "action", "history");
}

std::string signals_html(const std::deque<Json>& signals, bool read) {
  std::string out = "<h2>Signals</h2>";
  if (signals.empty())
    return out + (read ? "<p>No warning and nothing worse came in this time.</p>"
                       : "<p>The feed has not been read yet.</p>");
  head(out, "Signals of severity warning and above, newest first",
       {"When (UTC)", "Severity", "Set", "Signal", "Message"});
  const auto name = [](std::string_view text) { return markup(printable(text, k_longest_name)); };
  auto at = signals.rbegin();
  for (; at != signals.rend() && out.size() < k_largest_table; ++at) {
    const auto said = records::decode<records::Signal>(*at);
    const auto time = event_time(*at);
    fmt::format_to(std::back_inserter(out),
                   "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"nowrap\">{}{}</td>"
                   "<td>{}</td><td class=\"long\">{}</td></tr>\n",
                   time ? moment_html(*time) + ago_html(*time) : "?",
                   with_mood(mood_of_severity(said.severity), said.severity), name(said.set),
                   said.unit.empty() ? "" : name("/" + said.unit), name(said.signal),
                   markup(printable(said.message, 1000)));
  }
  return out + "</tbody></table>\n" + left_out(signals.rend() - at, "signal", "signals");
}

}  // namespace cdctl::cli
