#include "plugins/rabbit/feed/merged_reader.hpp"

#include <algorithm>

#include <poll.h>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/error_record.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::rabbit {

namespace {

constexpr std::string_view k_single = "stream:", k_several = "streams:";
constexpr std::size_t k_batch = 500;
/// A place that this reader has no position of, as it was configured since: what an actor would
/// still act on, and some more.
constexpr auto k_look_back = std::chrono::minutes(10);
constexpr Millis k_first_pause(500), k_longest_pause(15'000), k_patience(1000), k_quiet(250);
/// A place that could not be read at the start is read from then on, by whatever clock it has.
constexpr auto k_slack = std::chrono::seconds(30);

/// Names a place within a cursor: no blanks, no `=`.
std::string key_of(const BrokerPlace& place) {
  return place.vhost.empty() ? place.broker : place.broker + "/" + url_encode(place.vhost);
}

/// No address itself: a position is shown to people, and kept.
std::string name_of(const AmqpAddress& address) {
  return sha256_hex(fmt::format("{}:{}/{}", address.host, address.port, address.vhost))
      .substr(0, 8);
}

}  // namespace

std::optional<std::map<std::string, std::string>> read_positions(std::string_view cursor) {
  std::map<std::string, std::string> out;
  if (cursor.starts_with(k_single)) {
    out.emplace(k_default_broker, cursor);
    return out;
  }
  if (!cursor.starts_with(k_several)) return {};
  cursor.remove_prefix(k_several.size());
  for (const auto word : words(cursor)) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) return {};
    out.emplace(word.substr(0, equals),
                std::string(k_single) + std::string(word.substr(equals + 1)));
  }
  return out;
}

std::string write_positions(const std::map<std::string, std::string>& positions) {
  std::string out(k_several);
  for (const auto& [key, position] : positions)
    if (position.starts_with(k_single))
      out += fmt::format(" {}={}", key, position.substr(k_single.size()));
  return out;
}

Result<std::unique_ptr<RabbitReader>> open_stream(Host& host, Management& management,
                                                  const FeedQuery& query,
                                                  const Deadline& deadline) {
  const auto& settings = management.settings();
  CDCTL_TRY_ASSIGN(auto* driver, amqp_driver());
  auto address = settings.amqp;
  address.name = "cdctl signals " + host.actor();
  auto link = driver->connect(address, deadline);
  if (!link) return fail(link.error().in("opening the feed of signals"));
  if (auto made = (*link)->declare_feed(settings.feed, deadline); !made)
    return fail(made.error().in("opening the feed of signals"));
  // What was said before is of the broker's time; what comes from now on is of ours.
  const bool back = query.since || !query.cursor.empty();
  const auto ahead = back ? management.ask_ahead(deadline.at_most(k_patience)) : Millis(0);
  auto reader = std::make_unique<RabbitReader>(host, std::move(*link), query.follow,
                                               settings.operators, ahead, name_of(address));
  if (auto begun = reader->begin(query, deadline); !begun)
    return fail(begun.error().in("opening the feed of signals"));
  return reader;
}

Result<> MergedReader::add(const BrokerPlace& place, Result<Management*> management) {
  Branch branch{.key = key_of(place),
                .management = std::move(management),
                .services = {},
                .reader = {},
                .query = {},
                .waiting = {}};
  const auto vhost = branch.management ? (*branch.management)->settings().amqp.vhost : place.vhost;
  for (const auto& service : host_.config().services) {
    const auto home = place_of(host_.config(), service);
    if (!home || home->broker != place.broker || !service.table["rabbit"].is_object()) continue;
    if (home->vhost == place.vhost || (place.vhost.empty() && home->vhost == vhost))
      branch.services.push_back(service.name);
  }
  branches_.push_back(std::move(branch));
  return {};
}

Result<> MergedReader::begin(const FeedQuery& query, const Deadline& deadline) {
  const auto positions =
      query.cursor.empty() ? std::map<std::string, std::string>() : read_positions(query.cursor);
  if (!positions)
    return fail(fmt::format("'{}' is not a position in these feeds", printable(query.cursor, 60)));
  std::optional<Error> first;
  for (auto& branch : branches_) {
    branch.query = query;
    const auto at = positions->find(branch.key);
    branch.query.cursor = at == positions->end() ? "" : at->second;
    if (!query.cursor.empty() && at == positions->end() && !query.since)
      branch.query.since = now() - k_look_back;
    // One that hangs leaves time for those after it.
    const auto opened = open(
        branch, &branch == &branches_.back() ? deadline : deadline.at_most(deadline.left() / 2));
    if (opened) continue;
    if (!first) first = opened.error();
    lose(branch, opened.error());
  }
  if (std::ranges::none_of(branches_,
                           [](const Branch& branch) { return branch.reader != nullptr; }))
    return fail(*first);
  return {};
}

Result<> MergedReader::open(Branch& branch, const Deadline& deadline) {
  if (!branch.management) return fail(branch.management.error());
  CDCTL_TRY_ASSIGN(branch.reader, open_stream(host_, **branch.management, branch.query, deadline));
  branch.quiet_since = Clock::now();
  // From now on there is a position to come back to, also before anything was heard.
  if (auto position = branch.reader->cursor(); !position.empty() && branch.waiting.empty())
    branch.query.cursor = std::move(position);
  return {};
}

void MergedReader::lose(Branch& branch, const Error& error) {
  branch.reader.reset();
  branch.pause = std::clamp(branch.pause * 2, k_first_pause, k_longest_pause);
  branch.retry_at = Clock::now() + branch.pause;
  if (branch.query.cursor.empty() && !branch.query.since)
    branch.query.since =
        now() - k_slack;  // it was never open: what is sent meanwhile is read later
  if (branch.told) return;
  branch.told = true;
  const auto text = error.reason == Reason::of_broker
                        ? error.what
                        : fmt::format("signals of {}: {}", branch.key, error.what);
  const auto whose = branch.services.empty()
                         ? std::string()
                         : fmt::format("; nothing is heard of {}", joined(branch.services));
  if (follow_ || branch.services.empty())
    host_.log(Level::warning, text + whose + (follow_ ? "; trying again" : ""));
  if (follow_) return;
  for (const auto& service : branch.services)
    errors_.push_back(records::encode(
        records::error_record(service, "reading signals", {ExitCode::unknown, text})));
}

/// Takes over what is there now.
void MergedReader::pull(Branch& branch) {
  if (!branch.reader || !branch.waiting.empty()) return;
  auto got = branch.reader->next(Millis(0));
  if (!got) return lose(branch, got.error());
  if (!branch.query.cursor.empty() && (got->empty() || !got->back()["replayed"].as_bool()))
    branch.query.since.reset();  // what was before has been replayed
  if (got->empty()) {
    if (Clock::now() - branch.quiet_since >= k_quiet) branch.reader->caught_up();
    return;
  }
  branch.quiet_since = Clock::now();
  branch.waiting.assign(std::make_move_iterator(got->begin()), std::make_move_iterator(got->end()));
}

void MergedReader::reopen_due() {
  for (auto& branch : branches_) {
    if (!follow_ || branch.reader || Clock::now() < branch.retry_at) continue;
    if (const auto opened = open(branch, Deadline(k_patience)); !opened) {
      lose(branch, opened.error());
      continue;
    }
    host_.log(Level::note, fmt::format("signals of {}: it is back", branch.key));
    branch.pause = Millis(0);
    branch.told = false;
  }
}

/// The earliest first. Without follow it waits until each branch has something to compare, or has
/// ended.
std::vector<Json> MergedReader::give() {
  std::vector<Json> out;
  for (auto& branch : branches_) pull(branch);
  while (out.size() < k_batch) {
    Branch* earliest = nullptr;
    for (auto& branch : branches_) {
      if (!follow_) pull(branch);
      if (branch.waiting.empty() && !follow_ && !branch.exhausted()) return out;
      if (branch.waiting.empty()) continue;
      if (!earliest ||
          branch.waiting.front()["received"].view() < earliest->waiting.front()["received"].view())
        earliest = &branch;
    }
    if (!earliest) break;
    out.push_back(std::move(earliest->waiting.front()));
    earliest->waiting.pop_front();
    // What waits has not been given: the position moves when all of a batch has.
    if (earliest->waiting.empty() && earliest->reader)
      earliest->query.cursor = earliest->reader->cursor();
  }
  return out;
}

void MergedReader::wait(const Deadline& deadline) const {
  auto left = std::min(deadline.left(), k_quiet);
  std::vector<pollfd> fds{{Stop::fd(), POLLIN, 0}};
  for (const auto& branch : branches_) {
    if (branch.reader && branch.waiting.empty() && !branch.reader->at_end())
      fds.push_back({branch.reader->fd(), POLLIN, 0});
    if (!branch.reader && follow_)
      left = std::clamp(std::chrono::duration_cast<Millis>(branch.retry_at - Clock::now()),
                        Millis(1), left);
  }
  (void)::poll(fds.data(), fds.size(), static_cast<int>(std::max(left, Millis(1)).count()));
}

Result<std::vector<Json>> MergedReader::do_next(Millis wait_for) {
  const Deadline deadline(wait_for);
  for (;;) {
    reopen_due();
    auto out = give();
    for (auto& error : std::exchange(errors_, {})) out.push_back(std::move(error));
    if (!out.empty() || at_end() || deadline.passed() || Stop::requested()) return out;
    wait(deadline);
  }
}

bool MergedReader::do_at_end() const {
  return !follow_ && errors_.empty() &&
         std::ranges::all_of(branches_, [](const Branch& branch) { return branch.exhausted(); });
}

std::string MergedReader::do_cursor() const {
  std::map<std::string, std::string> positions;
  for (const auto& branch : branches_) positions.emplace(branch.key, branch.query.cursor);
  return write_positions(positions);
}

}  // namespace cdctl::rabbit
