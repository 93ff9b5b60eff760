#include "core/fleet/difference.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/fleet/commits.hpp"
#include "core/fleet/offers.hpp"
#include "core/records/commit.hpp"

namespace cdctl::fleet {

namespace {

constexpr std::size_t k_short = 8;

/// Whether a selector means something that is known: a set that is there, or, by its name, any.
bool means_known(const ServiceView& view, const Selector& selector, const Known& known) {
  if (const auto* set = view.set(known.name)) return selector.means(view, *set);
  return !selector.revision.empty() && selector.matches(known.name);
}

Made made_of(const Known& known) { return {known.name, *known.sources}; }

class Difference {
 public:
  Difference(app::Context& context, const ServiceConfig& service, const Made& from, const Made& to,
             std::size_t most, const Deadline& deadline)
      : context_(context),
        service_(service),
        from_(from),
        to_(to),
        most_(most),
        deadline_(deadline) {}

  bool write() {
    std::set<std::string> names;
    for (const auto* made : {&from_, &to_})
      for (const auto& [name, state] : made->sources) names.insert(name);
    for (const auto& name : names) write_source(name);
    return any_;
  }

 private:
  [[nodiscard]] static const SourceState* state_of(const Made& made, const std::string& name) {
    const auto at = made.sources.find(name);
    return at == made.sources.end() ? nullptr : &at->second;
  }

  void write_source(const std::string& name) {
    const auto* was = state_of(from_, name);
    const auto* is = state_of(to_, name);
    if (was && is && was->kind == is->kind && was->revision == is->revision) return;
    any_ = true;
    const auto config = std::ranges::find(service_.sources, name, &SourceConfig::name);
    const bool comparable = was && is && was->kind == is->kind &&
                            config != service_.sources.end() && config->kind == is->kind;
    auto* const log = comparable ? commit_log(context_, is->kind) : nullptr;
    if (!log) return write_changed(name, was, is);
    const auto range = log->between(*config, was->revision, is->revision, most_, deadline_);
    if (range) return write_range(name, is->kind, *range);
    context_.report_record(service_.name, "comparing " + name, range.error());
    write_changed(name, was, is);
  }

  records::CommitRecord begin(const std::string& name, const std::string& kind,
                              std::string_view change) const {
    records::CommitRecord out;
    out.service = service_.name;
    out.from = from_.set.str();
    out.to = to_.set.str();
    out.source = name;
    out.kind = kind;
    out.change = change;
    out.time = now();
    return out;
  }

  void write_changed(const std::string& name, const SourceState* was, const SourceState* is) {
    auto out = begin(name, is ? is->kind : was->kind, "changed");
    if (was) out.was = was->revision;
    if (is) out.revision = is->revision;
    if (is) out.number = is->number;
    context_.out.write(records::encode(out));
  }

  void write_commit(const std::string& name, const std::string& kind, std::string_view change,
                    const Commit& commit) {
    auto out = begin(name, kind, change);
    out.short_name =
        commit.number ? fmt::format("#{}", *commit.number) : commit.revision.substr(0, k_short);
    out.revision = commit.revision;
    out.number = commit.number;
    out.subject = commit.subject;
    out.author = commit.author;
    out.committed_at = commit.at;
    context_.out.write(records::encode(out));
  }

  void write_range(const std::string& name, const std::string& kind, const CommitRange& range) {
    for (const auto& commit : range.added) write_commit(name, kind, "added", commit);
    for (const auto& commit : range.removed) write_commit(name, kind, "removed", commit);
    if (!range.removed.empty())
      context_.out.note(fmt::format(
          "{}: {} has commits that {} does not have: {}", name, from_.set.str(), to_.set.str(),
          range.added.empty() ? "it went back to an older one" : "its history was rewritten"));
    if (range.left_out != 0)
      context_.out.note(fmt::format(
          "{}: {} more; --limit shows them", name,
          range.left_out < 0 ? std::string("there are") : plural(range.left_out, "commit")));
  }

  app::Context& context_;
  const ServiceConfig& service_;
  const Made& from_;
  const Made& to_;
  std::size_t most_;
  Deadline deadline_;
  bool any_ = false;
};

}  // namespace

Result<Made> find_made(app::Context& context, Fleet& fleet, const Selector& selector) {
  const auto* view = fleet.service(selector.service);
  if (!view) return fail(ExitCode::usage, fmt::format("{}: name one set", selector.text));
  if (view->error) return std::unexpected(view->error->in(selector.service));
  std::vector<Known> meant;
  for (const auto& known : history(*view))
    if (means_known(*view, selector, known)) meant.push_back(known);
  if (meant.size() == 1) return made_of(meant.front());
  if (meant.size() > 1)
    return fail(ExitCode::usage,
                fmt::format("{}: that is {}; name one, such as {}@newest", selector.text,
                            plural(std::ssize(meant), "set"), selector.service));
  if (!selector.revision.empty())
    return fail(never_was(context, view, {selector.service, selector.revision}).in(selector.text));
  return fail(
      fmt::format("{}: there is no such set; see cdctl ls {}", selector.text, selector.service));
}

std::optional<Made> made_before(const ServiceView& view, const SetName& set) {
  auto known = history(view);
  std::ranges::stable_sort(known, std::ranges::greater(), &Known::first);
  const auto at = std::ranges::find(known, set, &Known::name);
  if (at == known.end() || at + 1 == known.end()) return {};
  return made_of(*(at + 1));
}

bool write_difference(app::Context& context, const ServiceConfig& service, const Made& from,
                      const Made& to, std::size_t most, const Deadline& deadline) {
  return Difference(context, service, from, to, most, deadline).write();
}

}  // namespace cdctl::fleet
