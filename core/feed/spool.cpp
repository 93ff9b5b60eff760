#include "core/feed/spool.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/app/configurations.hpp"
#include "core/feed/spool_file.hpp"

namespace cdctl::feed {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_most_files = 10'000;
constexpr std::string_view k_suffix = ".ndjson";
/// A broker under a memory or disk alarm takes nothing and says nothing. Who came to read must not
/// wait for it.
constexpr Millis k_patience(2000);
constexpr Millis k_between(1000), k_first_pause(5000), k_longest_pause(60'000);

/// Names of the files that hold signals, sorted; none where there is no folder.
std::vector<std::string> files_in(const fs::path& folder, std::string_view only) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    auto name = at->path().filename().string();
    if (!name.ends_with(k_suffix) || name.starts_with('.')) continue;
    if (only.empty() || name.starts_with(std::string(only) + ".")) out.push_back(std::move(name));
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

Result<> Spool::put(std::span<const Json> signals) const {
  if (signals.empty()) return {};
  CDCTL_TRY(make_directories(folder_, 0700));
  if (files_in(folder_, {}).size() >= k_most_files) {
    return fail(
        fmt::format("keeping signals in {}: {} files wait there already; run cdctl signals where "
                    "the broker can be reached",
                    folder_.string(), k_most_files));
  }
  std::string text;
  for (const auto& signal : signals) {
    signal.dump_to(text);
    text += '\n';
  }
  const auto name = fmt::format("{}.{}{}", signals.front()["set"].view(), new_id(), k_suffix);
  CDCTL_TRY(write_file_atomically(folder_ / name, text, 0600));
  crash_point("spool.put");
  return {};
}

Result<std::size_t> Spool::drain(app::Context& context, Feed& feed, std::string_view only,
                                 const Deadline& deadline) const {
  std::error_code error;
  if (!fs::exists(folder_, error)) return 0;
  auto fresh = files_in(folder_, only);
  if (fresh.empty() && files_in(taken(), only).empty()) return 0;
  CDCTL_TRY_ASSIGN(const auto lock, FileLock::acquire(folder_ / "lock", Deadline(Millis(0))));
  if (!lock) return 0;
  CDCTL_TRY(make_directories(taken(), 0700));
  // What another configuration of the home keeps is for its feed.
  app::Neighbours neighbours(context);
  const auto theirs = [&](const std::string& name) {
    const auto set = parse_set_name(std::string_view(name).substr(0, name.find('.')));
    return only.empty() && set && neighbours.have_service(set->service);
  };
  for (const auto& name : files_in(folder_, only)) {
    if (theirs(name)) continue;
    // From here on nobody new opens it. Its name is part of the identity of lines without one, and
    // does not change again.
    const auto to = fs::exists(taken() / name, error)
                        ? fmt::format("{}.{}{}", name.substr(0, name.size() - k_suffix.size()),
                                      random_hex(4), k_suffix)
                        : name;
    fs::rename(folder_ / name, taken() / to, error);
  }
  crash_point("spool.taken");
  std::size_t sent = 0;
  std::optional<Error> refused;
  for (const auto& name : files_in(taken(), only)) {
    if (theirs(name)) continue;
    const SpoolFile file(taken() / name);
    const auto content = file.read([&](std::span<const Json> signals) -> Result<> {
      if (Stop::requested()) return fail(ExitCode::interrupted, "interrupted");
      return feed.send(signals, deadline.at_most(k_patience));
    });
    // What cannot be read, or the feed refuses, must not keep the others waiting behind it.
    if (!content && content.error().exit == ExitCode::failed) refused = content.error().in(name);
    if (!content && content.error().exit != ExitCode::failed)
      return std::unexpected(content.error());
    if (!content || !*content) continue;  // or its writer is not done
    crash_point("spool.sent");
    for (const auto& line : (*content)->bad)
      context.report({ExitCode::failed, fmt::format("{}: {}; kept in {}", name, line.why,
                                                    (folder_ / "refused.log").string())});
    CDCTL_TRY(keep_refused(folder_ / "refused.log", (*content)->bad));
    fs::remove(taken() / name, error);
    sent += (*content)->signals;
  }
  if (refused) return fail(*refused);
  return sent;
}

std::string unit_of_set() {
  const char* url = std::getenv("AMQP_URL");
  const char* set = std::getenv("CDCTL_SET");
  return url && set && parse_set_name(set) ? set : "";
}

bool wants_spool(const app::Context& context, bool asked) {
  return asked || context.config().table["signals"]["spool"].as_bool();
}

namespace {

/// The number sent; empty when the feed took nothing. `told`: what is wrong is known already.
std::optional<std::size_t> drain_once(app::Context& context, Feed& feed, const Deadline& deadline,
                                      bool told) {
  const auto sent = Spool(context.home()).drain(context, feed, unit_of_set(), deadline);
  if (!sent && !told)
    context.out.warning("sending the signals that wait in the spool: " + sent.error().what);
  if (sent && *sent > 0)
    context.out.note(fmt::format("sent {} that had waited in the spool",
                                 plural(static_cast<std::int64_t>(*sent), "signal")));
  return sent ? std::optional(*sent) : std::nullopt;
}

}  // namespace

void drain_spool(app::Context& context, Feed& feed, const Deadline& deadline) {
  drain_once(context, feed, deadline, false);
}

void Drain::send() {
  if (Clock::now() < next_) return;
  const auto sent =
      drain_once(context_, feed_, Deadline(std::chrono::seconds(10)), pause_ > Millis(0));
  if (!sent)
    pause_ = std::clamp(pause_ * 2, k_first_pause, k_longest_pause);
  else  // nothing sent may mean that someone else is trying: what was told is not forgotten at once
    pause_ = *sent > 0 ? Millis(0) : std::max(pause_ - k_between, Millis(0));
  next_ = Clock::now() + (sent ? k_between : pause_);
}

Result<> send_or_spool(app::Context& context, Feed& feed, std::span<const Json> signals, bool spool,
                       const Deadline& deadline, bool* kept) {
  if (kept) *kept = false;
  const auto sent = feed.send(signals, deadline);
  if (sent) {
    drain_spool(context, feed, deadline);
    return {};
  }
  const bool unreachable =
      sent.error().exit == ExitCode::unknown || sent.error().exit == ExitCode::timeout;
  if (!spool || !unreachable) return sent;
  const Spool folder(context.home());
  if (const auto set = parse_set_name(signals.empty() ? "" : signals.front()["set"].view()))
    app::note_configuration(context, set->service);
  CDCTL_TRY(folder.put(signals));
  if (kept) *kept = true;
  context.out.note(
      fmt::format("{}; kept in {} and sent later", sent.error().what, folder.folder().string()));
  return {};
}

}  // namespace cdctl::feed
