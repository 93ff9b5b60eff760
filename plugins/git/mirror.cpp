#include "plugins/git/mirror.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/stop.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/ref_files.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> fetch_words(const Address& address, std::vector<std::string> refspecs) {
  std::vector<std::string> words{"-c",
                                 "core.hooksPath=/dev/null",
                                 "-c",
                                 "gc.autoDetach=false",
                                 "-c",
                                 "fetch.fsckObjects=false",
                                 "fetch",
                                 "--quiet",
                                 "--force",
                                 "--prune",
                                 "--no-write-fetch-head",
                                 "--recurse-submodules=no",
                                 "--no-tags",
                                 "--",
                                 address.url};
  words.insert(words.end(), refspecs.begin(), refspecs.end());
  return words;
}

const std::vector<std::string> k_all_refs{"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"};

}  // namespace

fs::path Mirror::place(const fs::path& cache, const Address& address) {
  return cache / (sha256_hex(address.url).substr(0, 32) + ".git");
}

Result<Mirror> Mirror::open(const fs::path& cache, const Address& address, const Deadline& deadline,
                            Tell tell) {
  CDCTL_TRY(make_directories(cache, 0700));
  auto path = place(cache, address);
  CDCTL_TRY_ASSIGN(auto lock,
                   FileLock::acquire(fs::path(path).replace_extension(".lock"), deadline));
  if (!lock)
    return fail(ExitCode::timeout, "another cdctl held the cached copy until the deadline");
  return Mirror(std::move(path), address, std::move(*lock), std::move(tell));
}

Result<Finished> Mirror::fetch(std::vector<std::string> words, const Deadline& deadline) const {
  GitCall call{std::move(words), {}, true, 1 << 20, deadline};
  call.tell = tell_;
  call.what = "fetching " + shown_address(address_.url);
  return run_git(call);
}

bool Mirror::looks_whole() const {
  std::error_code ignored;
  return fs::is_regular_file(path_ / "HEAD", ignored) &&
         fs::is_directory(path_ / "objects", ignored) && fs::is_directory(path_ / "refs", ignored);
}

bool Mirror::has(std::string_view commit, const Deadline& deadline) const {
  if (!looks_whole()) return false;
  // A ref is written after all that it reaches.
  const auto refs = list_refs(path_);
  if (refs && std::ranges::any_of(*refs, [&](const Ref& ref) {
        return ref.id == commit && ref.name.starts_with("refs/heads/");
      }))
    return true;
  auto finished =
      run_git({{"--git-dir=" + path_.string(), "cat-file", "-e", std::string(commit) + "^{commit}"},
               {},
               true,
               1 << 16,
               deadline});
  return finished && finished->ok();
}

Result<> Mirror::rebuild(const Deadline& deadline) {
  auto fresh = path_;
  fresh += ".new";  // we hold the lock, so what is there is the rest of a process that died
  CDCTL_TRY(remove_tree(fresh));
  if (tell_) tell_("fetching " + shown_address(address_.url));
  // A repository of SHA-256 object ids needs a mirror of the same kind, so clone decides, not init.
  std::vector<std::string> words{"-c",
                                 "core.hooksPath=/dev/null",
                                 "clone",
                                 "--quiet",
                                 "--bare",
                                 "--no-local",
                                 "--template=",
                                 "-c",
                                 "gc.pruneExpire=never",
                                 "-c",
                                 "gc.autoDetach=false",
                                 "--",
                                 address_.url,
                                 fresh.string()};
  CDCTL_TRY_ASSIGN(const auto finished, fetch(std::move(words), deadline));
  if (!finished.ok()) {
    (void)remove_tree(fresh);
    return fail(explain(finished));
  }
  return take_over(fresh);
}

Result<> Mirror::take_over(const fs::path& fresh) {
  crash_point("git.mirror-fetched");
  CDCTL_TRY(remove_tree(path_));
  crash_point("git.mirror-removed");
  std::error_code error;
  fs::rename(fresh, path_, error);
  if (error)
    return fail(fmt::format("moving the fetched copy to {}: {}", path_.string(), error.message()));
  crash_point("git.mirror-made");
  return {};
}

Result<> Mirror::plant(const WholeRepository& whole, const Deadline& deadline) {
  if (looks_whole()) return {};
  if (!whole.head.starts_with("refs/heads/")) return fail("its HEAD is detached");
  auto fresh = path_;
  fresh += ".new";
  CDCTL_TRY(remove_tree(fresh));
  for (const auto* folder : {"objects/pack", "refs"}) CDCTL_TRY(make_directories(fresh / folder));
  // The settings that rebuild() gives to clone.
  const auto config = fmt::format(
      "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[remote "
      "\"origin\"]\n\turl = {}\n"
      "[gc]\n\tpruneExpire = never\n\tautoDetach = false\n",
      config_quoted(without_user(address_.url)));
  const auto pack = fresh / "objects" / "pack" /
                    fmt::format("pack-{}.pack", sha256_hex(whole.pack).substr(0, 40));
  CDCTL_TRY(write_new(fresh / "config", config));
  CDCTL_TRY(write_new(fresh / "HEAD", "ref: " + whole.head + "\n"));
  CDCTL_TRY(write_new(fresh / "packed-refs", print_packed_refs(whole.refs)));
  CDCTL_TRY(write_new(pack, whole.pack, 0444));
  // Small as it is, more threads and waiting for the disk cost more than the work. A mirror that a
  // crash of the machine leaves damaged is made anew.
  auto indexed = git_output({{"--git-dir=" + fresh.string(), "-c", "core.fsync=none", "index-pack",
                              "--threads=1", "--check-self-contained-and-connected", pack.string()},
                             {},
                             true,
                             1 << 16,
                             deadline});
  if (indexed) return take_over(fresh);
  (void)remove_tree(fresh);
  return fail(std::move(indexed.error()));
}

Result<> Mirror::refresh(const Deadline& deadline) {
  if (!looks_whole()) return rebuild(deadline);
  auto words = fetch_words(address_, k_all_refs);
  words.insert(words.begin(), "--git-dir=" + path_.string());
  CDCTL_TRY_ASSIGN(const auto finished, fetch(std::move(words), deadline));
  if (finished.ok()) return {};
  if (remote_trouble(finished)) return fail(explain(finished));
  return rebuild(deadline);
}

Result<bool> Mirror::bring(std::string_view commit, const Deadline& deadline) {
  if (has(commit, deadline)) return true;
  CDCTL_TRY(refresh(deadline));
  if (has(commit, deadline)) return true;
  // Not on a branch or tag any more. Many servers still give a commit by its id.
  auto words = fetch_words(address_, {std::string(commit)});
  std::erase(words, "--prune");
  words.insert(words.begin(), "--git-dir=" + path_.string());
  CDCTL_TRY_ASSIGN(const auto finished, fetch(std::move(words), deadline));
  if (finished.timed_out || finished.interrupted) return fail(explain(finished));
  return has(commit, deadline);
}

Result<> Mirror::need(std::string_view commit, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const bool there, bring(commit, deadline));
  if (there) return {};
  return fail(
      fmt::format("the repository does not have commit {} (was it removed by a force push?); "
                  "deploy another revision",
                  commit));
}

Result<std::optional<std::string>> Mirror::find(const std::string& expression,
                                                const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto finished,
                   run_git({{"--git-dir=" + path_.string(), "rev-parse", "--verify",
                             "--end-of-options", expression + "^{commit}"},
                            {},
                            true,
                            1 << 16,
                            deadline}));
  if (finished.timed_out || finished.interrupted) return fail(explain(finished));
  const auto text = std::string_view(finished.out)
                        .substr(0, std::min(finished.out.find('\n'), finished.out.size()));
  if (finished.ok() && valid_commit_id(text)) return std::optional(std::string(text));
  if (finished.err.contains("is ambiguous"))
    return fail(
        fmt::format("'{}' is the beginning of several commits; give more digits", expression));
  return std::optional<std::string>();
}

}  // namespace cdctl::git
