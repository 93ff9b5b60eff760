#include "plugins/git/checkout.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/mirror.hpp"
#include "plugins/git/ref_files.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

/// A format of its own, or objects that are elsewhere or missing: git knows what to do.
Result<> check_plain(const fs::path& mirror, std::string_view commit) {
  std::error_code error;
  for (const auto* file : {"objects/info/alternates", "shallow", "reftable"}) {
    if (fs::exists(mirror / file, error)) return fail(fmt::format("the mirror has {}", file));
  }
  CDCTL_TRY_ASSIGN(const auto config, read_file(mirror / "config", 1 << 20));
  if (commit.size() != 40 || config.contains("[extensions]") || config.contains("[include"))
    return fail("the mirror is of another format");
  return {};
}

Result<> link_objects(const fs::path& from, const fs::path& to, const Deadline& deadline) {
  std::error_code error;
  fs::create_directory(to, error);
  for (auto it = fs::recursive_directory_iterator(from, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (deadline.passed() || Stop::requested()) return fail(ExitCode::timeout, "no time left");
    const auto name = it->path().filename().string();
    const auto target = to / it->path().lexically_relative(from);
    if (it->is_directory(error)) {
      // A new folder costs as much as ten links, so empty ones are left to git.
      if (name == "info" || fs::is_empty(it->path(), error))
        it.disable_recursion_pending();
      else
        fs::create_directory(target, error);
    } else if (!name.starts_with("tmp_")) {
      fs::create_hard_link(it->path(), target, error);
    }
    if (error) break;
  }
  if (error) return fail(fmt::format("linking objects: {}", error.message()));
  return {};
}

/// What a clone makes of the refs it was told.
std::vector<Ref> cloned(const std::vector<Ref>& refs, const std::string& head) {
  constexpr std::string_view k_heads = "refs/heads/";
  std::vector<Ref> out;
  for (const auto& ref : refs) {
    if (!ref.name.starts_with(k_heads)) {
      out.push_back(ref);
      continue;
    }
    out.push_back({"refs/remotes/origin/" + ref.name.substr(k_heads.size()), ref.id, {}});
    if (ref.name == head) out.push_back(ref);
  }
  return out;
}

std::string config_text(const Address& address, const std::string& head) {
  auto out = fmt::format(
      "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = "
      "false\n\tlogallrefupdates = true\n"
      "[remote \"origin\"]\n\turl = {}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
      config_quoted(without_user(address.url)));
  if (!head.empty())
    out += fmt::format("[branch {}]\n\tremote = origin\n\tmerge = {}\n",
                       config_quoted(head.substr(11)), config_quoted(head));
  return out;
}

/// Makes `into` a repository with the objects, branches and tags of the mirror at `mirror`, as `git
/// clone --local` would, but by writing its few files ourselves. Objects are hard links. HEAD is
/// detached at `commit`; nothing is checked out yet. Fails, leaving what it made, where this takes
/// the git program: another file system, another format of ids or refs, borrowed objects.
Result<> make_repository(const fs::path& mirror, const Address& address, std::string_view commit,
                         const fs::path& into, const Deadline& deadline) {
  CDCTL_TRY(check_plain(mirror, commit));
  CDCTL_TRY_ASSIGN(const auto refs, list_refs(mirror));
  auto head = head_target(mirror);
  if (std::ranges::find(refs, head, &Ref::name) == refs.end()) head.clear();
  const auto git = into / ".git";
  CDCTL_TRY(make_directories(git / "refs" / "remotes" / "origin"));
  CDCTL_TRY(link_objects(mirror / "objects", git / "objects", deadline));
  CDCTL_TRY(write_new(git / "packed-refs", print_packed_refs(cloned(refs, head))));
  if (!head.empty())
    CDCTL_TRY(write_new(git / "refs/remotes/origin/HEAD",
                        "ref: refs/remotes/origin/" + head.substr(11) + "\n"));
  CDCTL_TRY(write_new(git / "config", config_text(address, head)));
  return write_new(git / "HEAD", std::string(commit) + "\n");
}

/// The short way: a repository of our making, and one process that fills the index and the tree.
Result<> by_hand(const Mirror& mirror, const Address& address, std::string_view commit,
                 const fs::path& into, const Deadline& deadline) {
  CDCTL_TRY(remove_tree(into));
  CDCTL_TRY(make_repository(mirror.path(), address, commit, into, deadline));
  CDCTL_TRY(git_output(
      {{"-c", "core.hooksPath=/dev/null", "read-tree", "--reset", "-u", std::string(commit)},
       into,
       true,
       1 << 20,
       deadline}));
  return {};
}

/// What the mirror itself can give: no network. Any failure here means that the mirror is damaged,
/// or the disk is.
Result<> from_mirror(const Mirror& mirror, const Address& address, std::string_view commit,
                     const fs::path& into, const Deadline& deadline) {
  if (by_hand(mirror, address, commit, into, deadline)) return {};
  CDCTL_TRY(remove_tree(into));
  const std::vector<std::string> quiet{"-c", "core.hooksPath=/dev/null", "-c",
                                       "advice.detachedHead=false"};
  auto clone = quiet;
  clone.insert(clone.end(), {"clone", "--quiet", "--no-checkout", "--local", "--template=", "--",
                             mirror.path().string(), into.string()});
  CDCTL_TRY(git_output({clone, {}, true, 1 << 20, deadline}));
  CDCTL_TRY(git_output(
      {{"remote", "set-url", "origin", "--", address.url}, into, true, 1 << 20, deadline}));
  auto checkout = quiet;
  checkout.insert(checkout.end(),
                  {"checkout", "--quiet", "--force", "--detach", std::string(commit)});
  CDCTL_TRY(git_output({checkout, into, true, 1 << 20, deadline}));
  CDCTL_TRY_ASSIGN(const auto head,
                   git_output({{"rev-parse", "--verify", "HEAD"}, into, true, 1 << 16, deadline}));
  if (!head.starts_with(commit))
    return fail("the checkout is not at the commit that was asked for");
  return {};
}

Result<> submodules(const Address& address, const fs::path& into, const Deadline& deadline) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(into / ".gitmodules", ignored))) return {};
  // A repository that came over the network must not make us read folders of this machine.
  GitCall call{{"-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", "submodule",
                "--quiet", "update", "--init", "--recursive"},
               into,
               address.transport == Transport::local,
               1 << 20,
               deadline,
               address.url};
  auto done = git_output(call);
  if (!done) return fail(done.error().in("its submodules"));
  return {};
}

}  // namespace

Result<> make_checkout(const fs::path& cache, const Address& address, std::string_view commit,
                       const fs::path& into, const Deadline& deadline, const WholeRepository* whole,
                       Tell tell) {
  const auto work = [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(auto mirror, Mirror::open(cache, address, deadline, std::move(tell)));
    if (whole) (void)mirror.plant(*whole, deadline);
    CDCTL_TRY(mirror.need(commit, deadline));
    crash_point("git.before-checkout");
    auto made = from_mirror(mirror, address, commit, into, deadline);
    if (!made && made.error().exit != ExitCode::timeout && !Stop::requested()) {
      CDCTL_TRY(mirror.rebuild(deadline));
      CDCTL_TRY(mirror.need(commit, deadline));
      made = from_mirror(mirror, address, commit, into, deadline);
      if (!made) made.error().exit = ExitCode::failed;
    }
    return made;
  };
  auto made = work();
  if (made)
    made = submodules(address, into,
                      deadline);  // without the lock: they have nothing to do with the mirror
  if (!made) (void)remove_tree(into);
  return made;
}

}  // namespace cdctl::git
