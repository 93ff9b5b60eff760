#include "core/fleet/commits.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace cdctl::fleet {

namespace {

constexpr const char* k_members[] = {"subject", "author", "committed_at"};

Json named(const Commit& commit) {
  auto out = Json::object({{"revision", commit.revision}});
  if (!commit.subject.empty()) out.set("subject", commit.subject);
  if (!commit.author.empty()) out.set("author", commit.author);
  if (commit.at) out.set("committed_at", to_rfc3339(*commit.at));
  return out;
}

}  // namespace

CommitLog* commit_log(app::Context& context, const std::string& kind) {
  const auto source = context.source(kind);
  return source ? dynamic_cast<CommitLog*>(*source) : nullptr;
}

Json known_commits(app::Context& context, const ServiceConfig& service, const Sources& sources,
                   const Deadline& deadline) {
  std::map<std::string, std::vector<CommitQuestion>> by_kind;
  for (const auto& source : service.sources)
    if (const auto at = sources.find(source.name);
        at != sources.end() && at->second.kind == source.kind)
      by_kind[source.kind].push_back({source, at->second.revision});
  auto out = Json::object();
  for (const auto& [kind, questions] : by_kind) {
    auto* const log = commit_log(context, kind);
    if (!log) continue;
    const auto answers = log->known(questions, deadline);
    for (std::size_t i = 0; i < questions.size(); ++i)
      if (answers[i]) out.set(questions[i].source.name, named(*answers[i]));
  }
  return out;
}

void add_commits(Json& record, const Json& commits) {
  auto* const sources = record.find("sources");
  if (!sources || !sources->is_object()) return;
  for (const auto& [name, commit] : commits.members()) {
    auto* const source = sources->find(name);
    if (!source || !source->is_object() || (*source)["revision"] != commit["revision"]) continue;
    for (const auto* member : k_members)
      if (commit[member].is_string()) source->set(member, commit[member]);
  }
}

Json commit_list(const Json& commits) {
  auto out = Json::array();
  for (const auto& [name, commit] : commits.members()) {
    auto one = Json::object({{"source", name}});
    for (const auto& [member, value] : commit.members()) one.set(member, value);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace cdctl::fleet
