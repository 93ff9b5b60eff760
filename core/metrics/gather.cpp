#include "core/metrics/gather.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "core/app/brokers.hpp"
#include "core/app/configurations.hpp"
#include "core/feed/choice.hpp"
#include "core/fleet/fleet.hpp"
#include "core/metrics/fleet_metrics.hpp"
#include "core/metrics/tally.hpp"
#include "core/notify/receiver.hpp"
#include "core/records/signal.hpp"

namespace cdctl::metrics {

namespace {

using enum Exposition::Type;

constexpr std::size_t k_most_readers = 10;
constexpr std::size_t k_longest_name = 255;  // of a queue

double seconds(Time time) { return static_cast<double>(time.time_since_epoch().count()) / 1000; }

class Gatherer {
 public:
  Gatherer(app::Context& context, const GatherOptions& options, const Deadline& deadline)
      : context_(context), options_(options), deadline_(deadline), out_(options.format) {}

  std::string run() {
    const auto began = std::chrono::steady_clock::now();
    out_.family("cdctl_build", info, "", "The cdctl that was asked");
    out_.sample({{"version", options_.version}}, 1);
    sets();
    queues();
    counted();
    readers();
    receivers();
    up_.emplace("look", true);
    out_.family("cdctl_up", gauge, "", "Whether a source of these metrics could be asked");
    for (const auto& [source, up] : up_) out_.sample({{"source", source}}, up);
    out_.family("cdctl_gather_duration_seconds", gauge, "seconds", "How long this look took");
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    out_.sample({}, took.count());
    return out_.take();
  }

 private:
  /// Remembers whether a source answered; trouble is told once, on stderr.
  void note(std::string_view source, const std::optional<Error>& error) {
    auto& up = up_.try_emplace(std::string(source), true).first->second;
    if (!error) return;
    if (up) context_.out.warning(fmt::format("{}: {}", source, error->what));
    up = false;
  }

  void sets() {
    fleet::Fleet fleet(context_);
    fleet.load({}, deadline_);
    fleet.load_holds(deadline_);
    fleet.load_outages(deadline_);
    note("sets", {});
    for (const auto& view : fleet.services()) note("sets", view.error);
    write_fleet(fleet.services(), options_.per_set, out_);
    out_.family("cdctl_broken_services", gauge, "", "Services whose file cannot be used");
    out_.sample({}, static_cast<double>(context_.config().broken.size()));
  }

  /// All at once; where that fails one by one, so that a broker that does not answer hides no
  /// other's.
  std::vector<QueueDepth> depths_of(const std::string& name,
                                    const std::vector<const ServiceConfig*>& services) {
    auto door = context_.switch_(name);
    auto depths = door ? (*door)->queues(services, deadline_)
                       : Result<std::vector<QueueDepth>>(std::unexpected(door.error()));
    if (depths) return std::move(*depths);
    std::vector<QueueDepth> out;
    if (!door || services.size() == 1 || deadline_.passed()) {
      note("queues", depths.error());
      return out;
    }
    for (const auto* one : services)
      std::ranges::move(depths_of(name, {one}), std::back_inserter(out));
    return out;
  }

  void queues() {
    std::map<std::string, std::vector<const ServiceConfig*>> by_switch;
    for (const auto& service : context_.config().services)
      for (const auto& name : app::brokers_of(context_, service))
        by_switch[name].push_back(&service);
    std::map<std::pair<std::string, std::string>, QueueDepth> found;
    for (const auto& [name, services] : by_switch) {
      note("queues", {});
      for (auto& depth : depths_of(name, services))
        found.emplace(std::pair(depth.service, printable(depth.queue, k_longest_name)), depth);
    }
    const auto write = [&](const char* name, const char* help, std::int64_t QueueDepth::* value) {
      out_.family(name, gauge, "", help);
      for (const auto& [key, depth] : found)
        out_.sample({{"service", key.first}, {"queue", key.second}},
                    static_cast<double>(depth.*value));
    };
    write("cdctl_queue_messages_ready", "Messages that wait in a queue", &QueueDepth::ready);
    write("cdctl_queue_messages_unacked", "Messages that a worker holds", &QueueDepth::unacked);
    write("cdctl_queue_consumers", "Consumers of a queue", &QueueDepth::consumers);
  }

  void counted() {
    const auto taken = take_tally(context_, deadline_);
    note("outcomes", taken.log_error);
    note("signals", taken.feed_error);
    const auto& tally = taken.tally;
    out_.family("cdctl_actions", counter, "", "What was done from this home, and how it ended");
    for (const auto& [key, count] : tally.actions) {
      const auto& [service, action, result] = key;
      out_.sample({{"service", service}, {"action", action}, {"result", result}},
                  static_cast<double>(count));
    }
    out_.family("cdctl_action_duration_seconds", histogram, "seconds",
                "How long it took to do what was done");
    for (const auto& [action, times] : tally.durations) out_.sample({{"action", action}}, times);
    out_.family("cdctl_last_action_timestamp_seconds", gauge, "seconds",
                "When an action last changed something");
    for (const auto& [key, time] : tally.last)
      out_.sample({{"service", key.first}, {"action", key.second}}, seconds(time));
    out_.family("cdctl_signals", counter, "", "What services said, by severity");
    for (const auto& [key, count] : tally.signals)
      out_.sample({{"service", key.first}, {"severity", key.second}}, static_cast<double>(count));
    out_.family("cdctl_signals_behind", gauge, "",
                "1: there are more signals than there was time to count");
    out_.sample({}, taken.behind);
  }

  /// How old the first signal is that a named reader has not passed on; 0 where there is none.
  Result<double> lag_of(Feed& feed, const std::string& name, const std::string& cursor) {
    const auto deadline = deadline_.at_most(Millis(2000));
    CDCTL_TRY_ASSIGN(
        const auto reader,
        feed::open_behind(context_, feed, {.since = {}, .cursor = cursor, .follow = false},
                          "reader " + name, deadline));
    while (!reader->at_end() && !deadline.passed()) {
      CDCTL_TRY_ASSIGN(const auto signals, reader->next(std::min(deadline.left(), Millis(500))));
      if (signals.empty()) continue;
      const auto received =
          parse_rfc3339(records::get<&records::Signal::received>(signals.front()));
      return received ? std::max(seconds(now()) - seconds(*received), 0.0) : 0.0;
    }
    return 0.0;
  }

  void readers() {
    std::map<std::string, std::string> cursors;
    std::error_code error;
    const auto folder = feed::cursor_file(context_, "x").parent_path();
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      const auto name = at->path().filename().string();
      if (!valid_word(name) || cursors.size() >= k_most_readers) continue;
      if (const auto text = read_file_if_there(at->path()); text && *text)
        cursors.emplace(name, (*text)->substr(0, (*text)->find('\n')));
    }
    if (error && error != std::errc::no_such_file_or_directory)
      note("signals", Error{ExitCode::unknown,
                            fmt::format("reading {}: {}", folder.string(), error.message())});
    out_.family("cdctl_feed_reader_lag_seconds", gauge, "seconds",
                "How long the oldest signal has waited that a named reader has not passed on");
    if (cursors.empty()) return;
    auto feed = feed::choose_feed(context_, false);
    note("signals", feed ? std::nullopt : std::optional(feed.error()));
    for (const auto& [name, cursor] : cursors) {
      if (!feed || cursor.empty()) continue;
      const auto lag = lag_of(**feed, name, cursor);
      note("signals", lag ? std::nullopt : std::optional(lag.error()));
      if (lag) out_.sample({{"reader", name}}, *lag);
    }
  }

  void receivers() {
    std::map<std::string, notify::Outbox::Status> found;
    const auto names = notify::outboxes(app::own_folder(context_));
    note("receivers", names ? std::nullopt : std::optional(names.error()));
    for (const auto& problem : notify::receiver_problems(context_))
      if (!problem.doubt) note("receivers", notify::error_of(context_, problem));
    for (const auto& name : names.value_or(std::vector<std::string>())) {
      if (!notify::is_receiver(context_, name)) continue;  // of one that was removed
      const auto outbox = notify::open_outbox(context_, name);
      const auto status = outbox ? outbox->status(true)
                                 : Result<notify::Outbox::Status>(std::unexpected(outbox.error()));
      note("receivers", status ? std::nullopt : std::optional(status.error().in(name)));
      if (status) found.emplace(name, *status);
    }
    const auto write = [&](const char* name, Exposition::Type type, const char* unit,
                           const char* help, const auto& value) {
      out_.family(name, type, unit, help);
      for (const auto& [receiver, status] : found)
        if (const std::optional<double> got = value(status))
          out_.sample({{"receiver", receiver}}, *got);
    };
    using Status = notify::Outbox::Status;
    write("cdctl_receiver_waiting_records", gauge, "", "Records that wait to be sent",
          [](const Status& status) { return static_cast<double>(status.waiting); });
    write("cdctl_receiver_waiting_bytes", gauge, "bytes", "Their size",
          [](const Status& status) { return static_cast<double>(status.waiting_bytes); });
    write("cdctl_receiver_failed_tries", gauge, "", "Tries in a row that failed",
          [](const Status& status) { return static_cast<double>(status.tries); });
    write("cdctl_receiver_sent", counter, "", "Records that a receiver has taken",
          [](const Status& status) { return static_cast<double>(status.sent); });
    write("cdctl_receiver_refused", counter, "", "Records that a receiver will never take",
          [](const Status& status) { return static_cast<double>(status.refused); });
    write("cdctl_receiver_dropped", counter, "", "Records that there was no room for",
          [](const Status& status) { return static_cast<double>(status.dropped); });
    write("cdctl_receiver_last_sent_timestamp_seconds", gauge, "seconds",
          "When a receiver last took a record", [](const Status& status) {
            return status.last_sent ? std::optional(seconds(*status.last_sent)) : std::nullopt;
          });
  }

  app::Context& context_;
  const GatherOptions& options_;
  const Deadline& deadline_;
  Exposition out_;
  std::map<std::string, bool> up_;  ///< by source
};

}  // namespace

std::string gather(app::Context& context, const GatherOptions& options, const Deadline& deadline) {
  return Gatherer(context, options, deadline).run();
}

}  // namespace cdctl::metrics
