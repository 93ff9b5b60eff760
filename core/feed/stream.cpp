#include "core/feed/stream.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/app/configurations.hpp"
#include "core/app/waiting.hpp"
#include "core/feed/choice.hpp"
#include "core/feed/spool.hpp"
#include "core/files/in_place.hpp"
#include "core/records/signal.hpp"

namespace cdctl::feed {

namespace {

constexpr std::size_t k_position_size = 512;  // so that a full disk has room for the next one

std::filesystem::path lock_file_of(std::filesystem::path file) { return file += ".lock"; }

Result<std::optional<FileLock>> lock_of(const std::filesystem::path& file) {
  return FileLock::acquire(lock_file_of(file), Deadline(Millis(0)));
}

std::unexpected<Error> is_running(const app::Context& context, const std::string& name) {
  return fail(
      ExitCode::refused,
      fmt::format("another reader named {} is running in {}; give this one a name of its own", name,
                  context.home().string()));
}

}  // namespace

Result<NamedReader> NamedReader::open(app::Context& context, const std::string& name) {
  if (!valid_word(name))
    return fail(ExitCode::usage,
                fmt::format("--follow={}: a reader's name has the letters of a service name",
                            printable(name, 40)));
  NamedReader out{cursor_file(context, name), {}, {}};
  CDCTL_TRY(make_directories(out.file.parent_path(), 0700));
  CDCTL_TRY_ASSIGN(out.lock, lock_of(out.file));
  if (!out.lock) return is_running(context, name);
  CDCTL_TRY_ASSIGN(auto text, read_file_if_there(out.file));
  if (!text) {
    const auto shared = context.home() / "readers" / name;
    // An earlier cdctl's, which knows no configurations.
    if (FileLock::held(lock_file_of(shared))) return is_running(context, name);
    CDCTL_TRY_ASSIGN(text, app::handed_down(shared));
    if (text) CDCTL_TRY(write_file_atomically(out.file, *text, 0600));
  }
  if (text) out.cursor = text->substr(0, text->find('\n'));
  app::note_configuration(context);
  return out;
}

Result<> NamedReader::store(const std::string& position) {
  if (position == cursor || file.empty()) return {};
  CDCTL_TRY(files::replace_small(file, files::padded(position + "\n ", k_position_size)));
  cursor = position;
  return {};
}

Result<std::string> position_now(Feed& feed, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto reader,
                   feed.open({.since = {}, .cursor = "", .follow = true}, deadline));
  return reader->cursor();
}

namespace {

constexpr Millis k_reopen(10'000);

class SignalStream {
 public:
  SignalStream(app::Context& context, Feed& feed, FeedQuery query,
               std::vector<fleet::Selector> selectors, NamedReader& reader)
      : context_(context),
        feed_(feed),
        query_(std::move(query)),
        selectors_(std::move(selectors)),
        reader_(reader),
        waiting_(context, feed) {}

  /// Until the end of what is there, or with follow for ever.
  Result<> run(const Deadline& deadline) {
    Millis pause(0);
    for (bool first = true;; first = false) {
      const auto opened =
          open_behind(context_, feed_, query_, whose(), first ? deadline : Deadline(k_reopen));
      if (!opened && first) return std::unexpected(opened.error());
      auto ended = opened ? copy(**opened, pause) : Result<bool>(std::unexpected(opened.error()));
      if (ended && *ended) return {};
      if (!query_.follow) return std::unexpected(ended.error());
      // The broker has gone: go on from the last position once it is back, so that no signal is
      // missed.
      pause = std::clamp(pause * 2, Millis(100), Millis(5000));
      if (!std::exchange(lost_, true))
        context_.out.warning(fmt::format("{}; trying again", ended.error().what));
      if (!app::wait_between(pause)) return {};
    }
  }

 private:
  [[nodiscard]] std::string whose() const {
    return reader_.file.empty() ? "signals" : "reader " + reader_.file.filename().string();
  }
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
  Result<bool> copy(FeedReader& from, Millis& pause) {
    keep(from.cursor());  // from here on nothing is missed, also before anything was heard
    for (;;) {
      CDCTL_TRY_ASSIGN(const auto signals, from.next(std::chrono::seconds(1)));
      if (std::exchange(lost_, false))
        context_.out.note("the feed of signals is back; going on where it was lost");
      for (const auto& signal : signals) give(signal);
      if (!context_.out.flush()) return true;
      keep(from.cursor());
      if (!query_.cursor.empty() && (signals.empty() || !signals.back()["replayed"].as_bool()))
        query_.since.reset();  // what was before has been replayed
      if (!signals.empty()) pause = Millis(0);
      if (query_.follow) waiting_.send();
      if (Stop::requested() || (!query_.follow && from.at_end()) ||
          (signals.empty() && app::stdout_gone()))
        return true;
    }
  }

  void keep(const std::string& position) {
    if (position.empty()) return;
    query_.cursor = position;
    const auto stored = reader_.store(position);
    if (!stored && !std::exchange(told_of_store_, true))
      context_.out.warning(fmt::format(
          "the position of this reader cannot be kept ({}); after a restart it goes on from the "
          "last one that was",
          stored.error().what));
    if (stored) told_of_store_ = false;
  }

  app::Context& context_;
  Feed& feed_;
  FeedQuery query_;
  std::vector<fleet::Selector> selectors_;
  NamedReader& reader_;
  Drain waiting_;
  bool lost_ = false, told_of_store_ = false;
};

}  // namespace

Result<> write_signals(app::Context& context, Feed& feed, FeedQuery query,
                       std::vector<fleet::Selector> selectors, NamedReader& reader,
                       const Deadline& deadline) {
  return SignalStream(context, feed, std::move(query), std::move(selectors), reader).run(deadline);
}

}  // namespace cdctl::feed
