#include "cli/command_line/completion/live.hpp"

#include <algorithm>

#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/completion/child.hpp"
#include "core/files/toml_file.hpp"

namespace cdctl::cli::completion {

namespace fs = std::filesystem;

namespace {

constexpr auto k_ask = std::chrono::seconds(5);  ///< for asking on while nobody waits any more
constexpr std::size_t k_most_files = 200;

/// Sets of this machine's own engine: nothing is asked over a network.
std::vector<KnownSet> local_sets(Context& context, const Deadline& deadline) {
  std::vector<KnownSet> out;
  auto engine = context.engine(k_embedded);
  if (!engine) return out;
  auto list = (*engine)->list({}, deadline);
  if (!list) return out;
  std::ranges::stable_sort(*list, std::greater(),
                           [](const SetStatus& set) { return set.deployed_at.value_or(Time()); });
  for (const auto& set : *list) {
    const auto same = [&](const KnownSet& other) { return other.name.service == set.name.service; };
    out.push_back({set.name, std::ranges::none_of(out, same), true, set.state});
  }
  return out;
}

}  // namespace

fs::path Live::services_folder() const {
  return fs::absolute(place_->file).parent_path() / "services.d";
}

std::vector<std::string> Live::services() const {
  std::vector<std::string> out;
  std::error_code error;
  if (!place_) return out;
  for (const auto& entry : fs::directory_iterator(services_folder(), error))
    if (entry.path().extension() == ".toml" && valid_service_name(entry.path().stem().string()))
      out.push_back(entry.path().stem().string());
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> Live::targets() const {
  std::vector<std::string> out;
  std::error_code error;
  if (!place_) return out;
  for (const auto& entry :
       fs::directory_iterator(fs::absolute(place_->file).parent_path() / "targets.d", error))
    if (entry.path().extension() == ".toml" && valid_word(entry.path().stem().string()))
      out.push_back(entry.path().stem().string());
  std::ranges::sort(out);
  return out;
}

std::vector<KnownSet> Live::sets() const {
  if (!place_) return {};
  const auto file = files::read_toml(place_->file);
  if (!file) return {};
  const auto home = config::home_folder(file->table, fs::absolute(place_->file).parent_path());
  if (!home) return {};
  const NamesCache cache(*home, place_->file);
  auto kept = cache.read();
  if (kept.fresh) return std::move(kept.sets);
  const auto answer =
      from_child(budget_, Late::goes_on, [&](int fd) { ask(fd, cache, kept.sets); });
  return answer.empty() ? std::move(kept.sets) : NamesCache::from_text(answer);
}

/// In the child. One at a time asks; another finds the lock taken, and its parent takes what is
/// kept.
void Live::ask(int fd, const NamesCache& cache, const std::vector<KnownSet>& before) const {
  std::error_code error;
  std::optional<FileLock> lock;
  if (fs::is_directory(cache.lock_file().parent_path(), error)) {
    auto taken = FileLock::acquire(cache.lock_file(), Deadline(Millis(0)));
    if (taken && !*taken) return;
    if (taken) lock = std::move(*taken);
  }
  Output silent;
  Context context(options_, silent);
  if (!context.load_config()) return;
  const Deadline deadline(k_ask);
  if (place_->trusted) {
    fleet::Fleet fleet(context);
    fleet.load({}, deadline);
    fleet.load_holds(deadline);
    const auto all = seen(fleet, before);
    (void)write_all(fd, NamesCache::to_text(all.sets));  // the shell may have its answer without us
    if (all.whole) cache.write(all.sets);
    return;
  }
  auto sets = local_sets(context, deadline);
  for (const auto& old : before)
    if (!old.here) sets.push_back(old);            // as `ls` last saw them
  (void)write_all(fd, NamesCache::to_text(sets));  // the shell may have its answer without us
}

std::vector<std::string> Live::sources(const std::vector<std::string>& of) const {
  std::vector<std::string> out;
  if (!place_) return out;
  auto names = of.empty() ? services() : of;
  names.resize(std::min(names.size(), k_most_files));
  for (const auto& name : names) {
    if (!valid_service_name(name) || budget_.passed()) continue;
    const auto file = files::read_toml(services_folder() / (name + ".toml"));
    if (!file) continue;
    for (const auto& [source, table] : file->table["sources"].members())
      if (valid_word(source) && table["file"].is_null() &&
          std::ranges::find(out, source) == out.end())
        out.push_back(source);
  }
  return out;
}

}  // namespace cdctl::cli::completion
