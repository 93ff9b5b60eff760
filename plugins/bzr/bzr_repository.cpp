#include "plugins/bzr/bzr_repository.hpp"

#include <optional>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/proposal_list.hpp"
#include "plugins/bzr/workshop.hpp"

namespace cdctl::bzr {

namespace {

constexpr const char* k_bench = "merge";  ///< the folder in which merges are made

std::string who_is(const Person& person) {
  return fmt::format("{} <{}>", printable(person.name, 200), printable(person.email, 200));
}

/// As `--commit-time` takes it.
std::string commit_time(Time at) {
  auto text = to_rfc3339(std::chrono::floor<std::chrono::seconds>(at)).substr(0, 19);
  text[10] = ' ';
  return text + " +0000";
}

/// The files in which a merge is at odds with itself, or what brz says of one.
Result<std::vector<std::string>> conflicts_in(const Workshop& workshop, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto text, brz_output(workshop.call({"conflicts"}, deadline, k_bench)));
  constexpr std::string_view k_in = "Text conflict in ";
  std::vector<std::string> out;
  for (auto line : lines(text)) {
    if (line.starts_with(k_in)) line.remove_prefix(k_in.size());
    if (!trimmed(line).empty()) out.emplace_back(line);
  }
  if (out.empty()) out.emplace_back("(brz does not say which)");
  return out;
}

/// Makes a candidate of a head on a base. Both are in the workshop.
class Maker {
 public:
  Maker(const Workshop& workshop, const MergeRequest& request, const std::string& from,
        const Deadline& deadline)
      : workshop_(workshop), request_(request), from_(from), deadline_(deadline) {}

  Result<MergeAnswer> make(const std::string& base) {
    const auto key = key_of(base);
    if (const auto before = workshop_.note("made", key))
      return MergeAnswer{
          base, false, {}, (*before)["commit"].as_string(), (*before)["tree"].as_string()};
    const auto bench = workshop_.path() / k_bench;
    CDCTL_TRY(remove_tree(bench));
    CDCTL_TRY(brz_output(workshop_.call(
        {"branch", "--quiet", "--revision=revid:" + base, "--", "trunk", bench.string()},
        deadline_)));
    auto out = merge_and_commit(base);
    (void)remove_tree(bench);  // what was committed stays in the repository
    if (!out || out->commit.empty()) return out;
    CDCTL_TRY(workshop_.keep_note(
        "candidates", out->commit,
        Json::object({{"base", base}, {"head", request_.head}, {"tree", out->tree}})));
    CDCTL_TRY(workshop_.keep_note("made", key,
                                  Json::object({{"commit", out->commit}, {"tree", out->tree}})));
    return out;
  }

 private:
  [[nodiscard]] std::string key_of(const std::string& base) const {
    return Json::strings({base, request_.head, request_.message, who_is(request_.author),
                          who_is(request_.committer), commit_time(request_.at)})
        .canonical();
  }

  Result<MergeAnswer> merge_and_commit(const std::string& base) const {
    MergeAnswer out;
    out.base = base;
    CDCTL_TRY_ASSIGN(const auto said,
                     brz_answer(workshop_.call({"merge", "--revision=revid:" + request_.head, "--",
                                                (workshop_.path() / from_).string()},
                                               deadline_, k_bench),
                                {1, 3}));
    if (said.status == 3) {
      if (!said.err.contains("no common ancestor")) return fail(explain(said));
      out.conflicts = {"(no revision in common with the target)"};
      return out;
    }
    if (said.status == 1) {
      CDCTL_TRY_ASSIGN(out.conflicts, conflicts_in(workshop_, deadline_));
      return out;
    }
    if (said.err.contains("Nothing to do.") || said.out.contains("Nothing to do.")) {
      out.merged = true;
      return out;
    }
    CDCTL_TRY(commit());
    CDCTL_TRY_ASSIGN(auto tip, newest_of({true, (workshop_.path() / k_bench).string()}, deadline_));
    out.commit = std::move(tip.id);
    CDCTL_TRY_ASSIGN(auto testament, workshop_.testament(out.commit, deadline_));
    out.tree = std::move(testament.tree);
    return out;
  }

  Result<> commit() const {
    const auto message = workshop_.path() / "message";
    CDCTL_TRY(write_file_atomically(message, request_.message, 0600));
    std::vector<std::string> words{"commit", "--quiet", "--file=" + message.string(),
                                   "--commit-time=" + commit_time(request_.at)};
    if (!(request_.author == request_.committer))
      words.push_back("--author=" + who_is(request_.author));
    CDCTL_TRY(brz_output(
        workshop_.call(std::move(words), deadline_, k_bench, who_is(request_.committer))));
    return {};
  }

  const Workshop& workshop_;
  const MergeRequest& request_;
  const std::string& from_;
  const Deadline& deadline_;
};

/// What a target and a proposal are at now.
struct Tips {
  std::string target, proposal;  ///< the latter empty where the branch is gone, or nobody asked
};
Result<Tips> look(const Workshop& workshop, const std::optional<Address>& proposal,
                  const Deadline& deadline) {
  Tips out;
  auto trunk = workshop.fetch_trunk(deadline);
  if (!trunk) return fail(trunk.error().in("reading " + shown_address(workshop.address().url)));
  out.target = std::move(trunk->id);
  if (!proposal) return out;
  auto tip = newest_of(*proposal, deadline);
  if (!tip && tip.error().reason != Reason::not_there)
    return fail(tip.error().in("reading " + shown_address(proposal->url)));
  if (tip) out.proposal = std::move(tip->id);
  return out;
}

/// What the target itself says that a revision holds: asked there, and not of our copy.
Result<std::string> tree_there(const Workshop& workshop, const std::string& revision,
                               const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto text,
                   brz_output({{"testament", "--strict", "--long", "--revision=revid:" + revision,
                                "--", workshop.address().url},
                               deadline,
                               {},
                               {},
                               {},
                               64u << 20}));
  CDCTL_TRY_ASSIGN(auto out, parse_testament(text));
  return std::move(out.tree);
}

/// Whether a candidate is what this home has made of a head, on a base or on others that begin
/// there.
Result<> check_candidate(const Workshop& workshop, const LandRequest& request) {
  auto note = workshop.note("candidates", request.commit);
  if (!note)
    return fail(Error{ExitCode::unknown,
                      fmt::format("the candidate {} is not in this home", request.commit), false,
                      Reason::not_there});
  bool good = (*note)["tree"].view() == request.tree && (*note)["head"].view() == request.head;
  auto base = (*note)["base"].as_string();
  while (good && base != request.base) {
    note = workshop.note("candidates", base);
    good = note.has_value();
    if (good) base = (*note)["base"].as_string();
  }
  if (good) return {};
  return fail(ExitCode::refused,
              fmt::format("revision {} was not made of {} on {} with the tree {}", request.commit,
                          request.head, request.base, request.tree));
}

}  // namespace

Result<MergeAnswer> BzrRepository::do_merge(const TargetConfig& target, const MergeRequest& request,
                                            const Deadline& deadline) {
  CDCTL_TRY(check_target(target));
  const auto& at = request.url.empty() ? request.ref : request.url;
  CDCTL_TRY_ASSIGN(const auto from, parse_address(at, host_.config().file.parent_path()));
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host_, target, deadline));
  CDCTL_TRY_ASSIGN(const auto trunk, workshop.fetch_trunk(deadline));
  const auto tip = workshop.fetch_proposal(from, deadline);
  if (!tip && tip.error().reason == Reason::not_there)
    return fail(fmt::format("{} is not there any more", shown_address(at)));
  if (!tip) return fail(tip.error());
  if (tip->id != request.head)
    return fail(fmt::format("{} has moved from {} to {} since it was let through",
                            shown_address(at), request.head, tip->id));
  const auto base = request.onto.empty() ? trunk.id : request.onto;
  return Maker(workshop, request, Workshop::folder_of(from), deadline).make(base);
}

Result<> BzrRepository::do_checkout(const TargetConfig& target, const std::string& commit,
                                    const std::filesystem::path& into, const Deadline& deadline) {
  const auto could_not = [](Error error) {  // `failed` would say that the tree is why
    if (error.exit == ExitCode::failed) error.exit = ExitCode::unknown;
    return fail(std::move(error));
  };
  auto workshop = Workshop::open(host_, target, deadline);
  if (!workshop) return could_not(workshop.error());
  workshop->unlock();
  if (auto made = make_directories(into, 0700); !made) return could_not(made.error());
  const auto done =
      brz_output(workshop->call({"export", "--quiet", "--format=dir", "--revision=revid:" + commit,
                                 "--", into.string(), "trunk"},
                                deadline));
  if (!done) return could_not(done.error());
  return {};
}

Result<> BzrRepository::do_stage(const TargetConfig&, const std::string&, const std::string&,
                                 const Deadline&) {
  return fail(ExitCode::config, "nobody sets statuses on Breezy branches: test by verify.command");
}

Result<LandAnswer> BzrRepository::do_land(const TargetConfig& target, const LandRequest& request,
                                          const Deadline& deadline) {
  using enum LandAnswer::State;
  std::optional<Address> proposal;
  if (!request.ref.empty()) {
    CDCTL_TRY_ASSIGN(proposal, parse_address(request.ref, host_.config().file.parent_path()));
  }
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host_, target, deadline));
  CDCTL_TRY(check_candidate(workshop, request));
  LandAnswer out;
  CDCTL_TRY_ASSIGN(auto tips, look(workshop, proposal, deadline));
  CDCTL_TRY_ASSIGN(auto on, workshop.on_trunk({request.commit, request.head}, deadline));
  out.tip = tips.target;
  if (on[0]) {
    out.state = there;
    CDCTL_TRY_ASSIGN(out.tree, tree_there(workshop, request.commit, deadline));
    return out;
  }
  if (on[1]) {  // by another merge of it: that one is not what we have verified
    out.state = there;
    return out;
  }
  const auto state_now = [&](LandAnswer::State otherwise) {
    if (tips.target != request.base) return target_moved;
    return tips.proposal != request.head ? proposal_moved : otherwise;
  };
  out.state = state_now(landed);
  if (out.state != landed) return out;
  crash_point("land.leased");
  CDCTL_TRY_ASSIGN(const auto said,
                   run_brz({{"push", "--quiet", "--no-remember", "--directory=trunk",
                             "--revision=revid:" + request.commit, "--", workshop.address().url},
                            deadline,
                            workshop.path()}));
  if (said.timed_out || said.interrupted) return fail(explain(said));
  crash_point("land.pushed");
  CDCTL_TRY_ASSIGN(tips, look(workshop, proposal, deadline));
  CDCTL_TRY_ASSIGN(on, workshop.on_trunk({request.commit}, deadline));
  out.tip = tips.target;
  if (on[0]) {
    out.state = said.ok() ? landed : there;
    CDCTL_TRY_ASSIGN(out.tree, tree_there(workshop, request.commit, deadline));
    return out;
  }
  if (said.ok())
    return fail(ExitCode::failed,
                fmt::format("{} took {} and is at {} now, without it: a hook of the server, or "
                            "somebody, has put that in its place; look at it at once",
                            target.branch, request.commit, out.tip));
  out.state = state_now(refused);
  out.why = explain(said).what;
  return out;
}

}  // namespace cdctl::bzr
