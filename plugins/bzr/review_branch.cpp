#include "plugins/bzr/review_branch.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/brz_command.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

constexpr int k_tries = 8;                    ///< others commit their reviews, too
constexpr std::size_t k_at_once = 500;        ///< paths of a command line
constexpr std::size_t k_longest = 64u << 10;  ///< what is longer is no review of ours

/// A folder that goes with the object.
struct TemporaryFolder {
  fs::path path;
  ~TemporaryFolder() { (void)remove_tree(path); }
};

/// Whoever may write to the branch could have us write, or remove, where a link of theirs leads to,
/// or have a file or folder where something else of ours belongs. `file`: what is to be written.
Result<std::vector<fs::path>> in_the_way(const fs::path& tree, const fs::path& file) {
  std::vector<fs::path> out;
  const auto is_above = [&](const fs::path& path) {
    return std::ranges::mismatch(path, file).in1 == path.end();
  };
  std::error_code error;
  for (fs::recursive_directory_iterator at(tree, error), end; !error && at != end;
       at.increment(error)) {
    const auto kind = at->symlink_status().type();
    const auto path = at->path().lexically_relative(tree);
    if (at.depth() == 0 && path == ".bzr") {
      at.disable_recursion_pending();
      continue;
    }
    const bool folder = kind == fs::file_type::directory;
    const bool here = is_above(path) && (folder ? path == file : path != file);
    if ((folder || kind == fs::file_type::regular) && !here) continue;
    if (folder) at.disable_recursion_pending();
    out.push_back(path);
  }
  if (error) return fail(ExitCode::unknown, "reading reviews: " + error.message());
  return out;
}

/// Nothing is followed. It is not there for the next review either, once that is committed.
Result<> make_plain(const fs::path& tree, const fs::path& file, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto paths, in_the_way(tree, file));
  for (const auto& path : paths) CDCTL_TRY(remove_tree(tree / path));
  for (std::size_t first = 0; first < paths.size(); first += k_at_once) {
    BrzCall remove{{"remove", "--quiet", "--"}, deadline, tree};
    for (const auto& path :
         std::span(paths).subspan(first, std::min(k_at_once, paths.size() - first)))
      remove.words.push_back(path.string());
    CDCTL_TRY(brz_output(remove));
  }
  return {};
}

}  // namespace

bool ReviewBranch::named(const TargetConfig& target) {
  return !target.table["bzr"]["reviews"].view().empty();
}

Result<ReviewBranch> ReviewBranch::of(const Host& host, const TargetConfig& target) {
  if (!named(target))
    return fail(ExitCode::config,
                fmt::format("{}: the target names no branch for reviews: reviews = \"…\" in [bzr]",
                            target.name));
  CDCTL_TRY_ASSIGN(auto address, parse_address(target.table["bzr"]["reviews"].view(),
                                               host.config().file.parent_path()));
  auto scratch = host.home() / "land" / "bzr";
  CDCTL_TRY(make_directories(scratch, 0700));
  return ReviewBranch(std::move(address), std::move(scratch));
}

Result<std::map<std::string, std::string>> ReviewBranch::read(const Deadline& deadline) const {
  std::map<std::string, std::string> out;
  // Not what brz takes by itself: of a branch with a working tree that is the tree's, however old
  const auto tip = newest_of(address_, deadline);
  if (!tip && tip.error().reason == Reason::not_there) return out;
  if (!tip)
    return fail(tip.error().in(fmt::format("reading reviews in {}", shown_address(address_.url))));
  const TemporaryFolder folder{scratch_ / ("reviews." + random_hex(8))};
  const auto done = brz_output({{"export", "--quiet", "--format=dir", "--revision=revid:" + tip->id,
                                 "--", folder.path.string(), address_.url},
                                deadline});
  if (!done)
    return fail(done.error().in(fmt::format("reading reviews in {}", shown_address(address_.url))));
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder.path, error), end; !error && at != end;
       at.increment(error)) {
    if (at->symlink_status().type() != fs::file_type::regular) continue;
    if (auto text = read_file(at->path(), k_longest))
      out.emplace(at->path().lexically_relative(folder.path).string(), std::move(*text));
  }
  if (error) return fail(ExitCode::unknown, "reading reviews: " + error.message());
  return out;
}

Result<> ReviewBranch::check_out(const fs::path& into, const std::string& file,
                                 const Deadline& deadline) const {
  const BrzCall checkout{
      {"checkout", "--quiet", "--lightweight", "--", address_.url, into.string()}, deadline};
  auto done = brz_output(checkout);
  if (!done && done.error().reason == Reason::not_there) {
    // Somebody else may make it at the same time: what counts is that it is there then.
    (void)brz_output({{"init", "--quiet", "--no-tree", "--", address_.url}, deadline});
    done = brz_output(checkout);
  }
  if (done) return make_plain(into, file, deadline);
  return fail(done.error().in(fmt::format("a checkout of {}", shown_address(address_.url))));
}

Result<bool> ReviewBranch::change(const std::function<Result<bool>(const fs::path&)>& edit,
                                  const std::string& message, const std::string& who,
                                  const Deadline& deadline, const std::string& file) const {
  for (int tries = 0; tries < k_tries; ++tries) {
    const TemporaryFolder folder{scratch_ / ("reviews." + random_hex(8))};
    CDCTL_TRY(check_out(folder.path, file, deadline));
    CDCTL_TRY_ASSIGN(const bool changed, edit(folder.path));
    if (!changed) return false;
    CDCTL_TRY(brz_output({{"add", "--quiet"}, deadline, folder.path}));
    CDCTL_TRY_ASSIGN(
        const auto said,
        run_brz({{"commit", "--quiet", "--message=" + message}, deadline, folder.path, who}));
    if (said.ok()) return true;
    const bool late =
        said.err.contains("out of date") || said.err.contains("ould not acquire lock");
    if (!late)
      return fail(explain(said).in(fmt::format("committing to {}", shown_address(address_.url))));
  }
  return fail(ExitCode::unknown, fmt::format("others committed to {} at the same time, {} times",
                                             shown_address(address_.url), k_tries));
}

}  // namespace cdctl::bzr
