#include "core/feed/stream.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/app/waiting.hpp"
#include "core/feed/choice.hpp"
#include "core/feed/spool.hpp"
#include "core/records/signal.hpp"

namespace cdctl::feed {

Result<NamedReader> NamedReader::open(app::Context& context, const std::string& name) {
  if (!valid_word(name))
    return fail(ExitCode::usage,
                fmt::format("--follow={}: a reader's name has the letters of a service name",
                            printable(name, 40)));
  NamedReader out{cursor_file(context, name), {}, {}};
  CDCTL_TRY(make_directories(out.file.parent_path(), 0700));
  auto lock_file = out.file;
  lock_file += ".lock";
  CDCTL_TRY_ASSIGN(out.lock, FileLock::acquire(lock_file, Deadline(Millis(0))));
  if (!out.lock)
    return fail(
        ExitCode::refused,
        fmt::format("another reader named {} is running in {}; give this one a name of its own",
                    name, context.home().string()));
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(out.file));
  if (text) out.cursor = text->substr(0, text->find('\n'));
  return out;
}

void NamedReader::store(const std::string& position) {
  if (position == cursor || file.empty()) return;
  cursor = position;
  (void)write_file_atomically(file, cursor + "\n", 0600);
}

namespace {

class SignalStream {
 public:
  SignalStream(app::Context& context, std::vector<fleet::Selector> selectors)
      : context_(context), selectors_(std::move(selectors)) {}

  /// Until the end of what is there, or with follow for ever.
  Result<> run(Feed& feed, FeedQuery query, NamedReader& reader, const Deadline& deadline) {
    Millis pause(0);
    for (bool first = true;; first = false) {
      auto opened = feed.open(query, first ? deadline : Deadline(std::chrono::seconds(10)));
      if (opened && !first) drain_spool(context_, feed, Deadline(std::chrono::seconds(10)));
      if (!opened && first) return std::unexpected(opened.error());
      auto ended = opened ? copy(feed, **opened, query, reader, pause)
                          : Result<bool>(std::unexpected(opened.error()));
      if (ended && *ended) return {};
      if (!query.follow) return std::unexpected(ended.error());
      // The broker has gone: go on from the last position once it is back, so that no signal is
      // missed.
      pause = std::clamp(pause * 2, Millis(100), Millis(5000));
      if (!ended) context_.out.warning(fmt::format("{}; trying again", ended.error().what));
      if (!app::wait_between(pause)) return {};
    }
  }

 private:
  void give(const Json& record) {
    if (!records::is<records::ErrorRecord>(record)) {
      if (wanted(record)) context_.out.write(record);
      return;
    }
    // One of several feeds could not be read: nothing is known of its services.
    const auto said = records::decode<records::ErrorRecord>(record);
    if (!selectors_.empty() &&
        std::ranges::none_of(selectors_, [&](const fleet::Selector& selector) {
          return selector.glob || selector.service == said.service;
        }))
      return;
    context_.out.write(record);
    context_.report({ExitCode::unknown, fmt::format("{}: {}", said.service, said.error)});
  }
  bool wanted(const Json& signal) const {
    const auto set = parse_set_name(records::get<&records::Signal::set>(signal));
    return selectors_.empty() ||
           (set && std::ranges::any_of(selectors_, [&](const fleet::Selector& selector) {
              return selector.matches(*set);
            }));
  }

  /// True when everything was given or nobody wants more.
  Result<bool> copy(Feed& feed, FeedReader& from, FeedQuery& query, NamedReader& reader,
                    Millis& pause) {
    for (;;) {
      CDCTL_TRY_ASSIGN(const auto signals, from.next(std::chrono::seconds(1)));
      for (const auto& signal : signals) give(signal);
      if (!context_.out.flush()) return true;
      if (!signals.empty()) {
        query.cursor = from.cursor();
        reader.store(query.cursor);
        pause = Millis(0);
      } else if (query.follow) {
        drain_spool(
            context_, feed,
            Deadline(std::chrono::seconds(10)));  // looks into one folder when nothing waits
      }
      if (Stop::requested() || (!query.follow && from.at_end()) ||
          (signals.empty() && app::stdout_gone()))
        return true;
    }
  }

  app::Context& context_;
  std::vector<fleet::Selector> selectors_;
};

}  // namespace

Result<> write_signals(app::Context& context, Feed& feed, FeedQuery query,
                       std::vector<fleet::Selector> selectors, NamedReader& reader,
                       const Deadline& deadline) {
  return SignalStream(context, std::move(selectors)).run(feed, std::move(query), reader, deadline);
}

}  // namespace cdctl::feed
