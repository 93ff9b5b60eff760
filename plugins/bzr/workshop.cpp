#include "plugins/bzr/workshop.hpp"

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_most = 64u << 20;  ///< of an answer of brz's

fs::path note_file(const fs::path& path, std::string_view kind, const std::string& key) {
  return path / "notes" / kind / (sha256_hex(key) + ".json");
}

}  // namespace

Result<Workshop> Workshop::open(const Host& host, const TargetConfig& target,
                                const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto address,
                   parse_address(target.repository, host.config().file.parent_path()));
  const auto path = host.home() / "land" / "bzr" / sha256_hex(address.url).substr(0, 20);
  CDCTL_TRY(make_directories(path.parent_path(), 0700));
  CDCTL_TRY_ASSIGN(auto lock, FileLock::acquire(path.string() + ".lock", deadline));
  if (!lock)
    return fail(ExitCode::timeout, fmt::format("another cdctl has been fetching {} for {}",
                                               shown_address(address.url), deadline.given()));
  Workshop out(path, std::move(address), std::move(*lock));
  CDCTL_TRY(out.make(deadline));
  return out;
}

/// Made under another name, and renamed: it is absent or whole.
Result<> Workshop::make(const Deadline& deadline) const {
  std::error_code error;
  if (fs::is_directory(path_ / ".bzr", error)) return {};
  auto fresh = path_;
  fresh += ".new";
  CDCTL_TRY(remove_tree(fresh));
  auto begin = call({"init-shared-repo", "--quiet", "--", fresh.string()}, deadline);
  begin.folder.clear();
  CDCTL_TRY(brz_output(begin));
  CDCTL_TRY(make_directories(fresh / "nobody", 0700));
  CDCTL_TRY(remove_tree(path_));
  fs::rename(fresh, path_, error);
  if (error) return fail(fmt::format("making {}: {}", path_.string(), error.message()));
  return {};
}

std::string Workshop::folder_of(const Address& address) {
  return "from-" + sha256_hex(address.url).substr(0, 20);
}

Result<Revision> Workshop::fetch(const std::string& folder, const Address& from,
                                 const Deadline& deadline) const {
  const auto into = path_ / folder;
  std::error_code error;
  const bool known = fs::exists(into / ".bzr" / "branch" / "last-revision", error);
  if (known && from.local) {
    const auto theirs = read_tip(from.url), ours = read_tip(into);
    if (theirs && ours && *theirs && *ours && (*theirs)->id == (*ours)->id)
      return std::move(**ours);
  }
  // Only this goes over the network, with the settings that the user has for it.
  BrzCall fetching{{}, deadline, path_, {}, {}, 1 << 20};
  if (known) {
    fetching.words = {
        "pull", "--quiet", "--overwrite", "-Olocks.steal_dead=true", "--directory=" + into.string(),
        "--",   from.url};
  } else {
    CDCTL_TRY(remove_tree(into));
    fetching.words = {"branch", "--quiet", "--no-tree", "--", from.url, into.string()};
  }
  CDCTL_TRY(brz_output(fetching));
  CDCTL_TRY_ASSIGN(auto tip, newest_of({true, into.string()}, deadline));
  return tip;
}

BrzCall Workshop::call(std::vector<std::string> words, const Deadline& deadline,
                       const std::string& folder, const std::string& who) const {
  return {std::move(words), deadline, folder.empty() ? path_ : path_ / folder, who,
          path_ / "nobody", k_most};
}

Result<Testament> Workshop::testament(const std::string& revision, const Deadline& deadline) const {
  if (const auto known = note("testaments", revision))
    return Testament{(*known)["digest"].as_string(), (*known)["tree"].as_string()};
  CDCTL_TRY_ASSIGN(const auto text, brz_output(call({"testament", "--strict", "--long",
                                                     "--revision=revid:" + revision, "--", "trunk"},
                                                    deadline)));
  CDCTL_TRY_ASSIGN(auto out, parse_testament(text));
  CDCTL_TRY(keep_note("testaments", revision,
                      Json::object({{"digest", out.digest}, {"tree", out.tree}})));
  return out;
}

Result<std::vector<bool>> Workshop::on_trunk(const std::vector<std::string>& revisions,
                                             const Deadline& deadline) const {
  std::vector<std::string> asked{"revision-info", "--directory=trunk"};
  for (const auto& revision : revisions) asked.push_back("revid:" + revision);
  CDCTL_TRY_ASSIGN(const auto text, brz_output(call(std::move(asked), deadline)));
  std::vector<bool> out;
  for (const auto line : lines(text)) out.push_back(!trimmed(line).starts_with("???"));
  if (out.size() != revisions.size())
    return fail(ExitCode::unknown, "brz revision-info did not tell of all revisions");
  return out;
}

Result<std::vector<LoggedRevision>> Workshop::missing(const Address& proposal,
                                                      const Deadline& deadline) const {
  const auto asking =
      call({"missing", "--quiet", "--directory=trunk", "--theirs-only", "--include-merged",
            "--log-format=long", "--show-ids", "--", folder_of(proposal)},
           deadline);
  CDCTL_TRY_ASSIGN(const auto said, brz_answer(asking, {1}));
  if (said.out.size() >= asking.max_output)
    return fail(ExitCode::unknown, "the log of the proposal is too long");
  return parse_log(said.out);
}

std::optional<Json> Workshop::note(std::string_view kind, const std::string& key) const {
  const auto text = read_file_if_there(note_file(path_, kind, key));
  if (!text || !*text) return {};
  auto json = Json::parse(**text);
  return json ? std::optional(std::move(*json)) : std::nullopt;
}

Result<> Workshop::keep_note(std::string_view kind, const std::string& key,
                             const Json& what) const {
  const auto file = note_file(path_, kind, key);
  CDCTL_TRY(make_directories(file.parent_path(), 0700));
  return write_file_atomically(file, what.dump() + "\n", 0600);
}

}  // namespace cdctl::bzr
