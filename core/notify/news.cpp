#include "core/notify/news.hpp"

#include <utility>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/feed/choice.hpp"
#include "core/files/in_place.hpp"

namespace cdctl::notify {

namespace {

constexpr const char* k_reader = "notify";
constexpr const char* k_before_all = "0:0";  ///< no file has it: from the oldest line on
constexpr std::size_t k_most_outcomes = 2'000, k_position_size = 512;
constexpr Millis k_open_deadline{2'000}, k_open_again{10'000};

std::filesystem::path log_position_file(const app::Context& context) {
  return app::own_folder(context) / "notify" / "log.position";
}

/// On a full disk in place of the last one: else all of it was told again by each run.
Result<> store_log_position(const app::Context& context, const std::string& position) {
  return files::replace_small(log_position_file(context),
                              files::padded(position + "\n ", k_position_size));
}

std::unexpected<Error> not_remembered(const Error& error) {
  return fail(error.in("remembering what was told; the next run may tell it again"));
}

}  // namespace

Result<News> News::open(app::Context& context, bool follow) {
  News out(context);
  out.follow_ = follow;
  CDCTL_TRY(make_directories(log_position_file(context).parent_path(), 0700));
  auto place = feed::NamedReader::open(context, k_reader);
  if (!place && place.error().exit == ExitCode::refused)
    return fail(ExitCode::refused,
                fmt::format("another notify --follow or --new is running in {}, or a reader named "
                            "{}: what is new here it passes on",
                            context.home().string(), k_reader));
  CDCTL_TRY_ASSIGN(out.place_, std::move(place));
  CDCTL_TRY_ASSIGN(auto kept, read_file_if_there(log_position_file(context)));
  if (!kept) {
    CDCTL_TRY_ASSIGN(kept, app::handed_down(context.home() / "notify" / "log.position"));
    if (kept) CDCTL_TRY(store_log_position(context, std::string(trimmed(*kept))));
  }
  out.log_position_ = std::string(trimmed(kept.value_or("")));
  CDCTL_TRY_ASSIGN(out.outcomes_, records::LogReader::open_at(context.home(), out.log_position_));
  // Where it begins is where the first reader began, also before there was a log: what comes before
  // the next one is not lost.
  if (out.log_position_.empty()) {
    out.log_position_ = out.outcomes_->position();
    if (out.log_position_.empty()) out.log_position_ = k_before_all;
    CDCTL_TRY(store_log_position(context, out.log_position_));
  }
  return out;
}

Result<> News::open_feed() {
  CDCTL_TRY_ASSIGN(auto* const feed, feed::choose_feed(*context_, false));
  if (place_.cursor.empty()) {
    CDCTL_TRY_ASSIGN(const auto begin, feed::position_now(*feed, Deadline(k_open_deadline)));
    CDCTL_TRY(place_.store(begin));
  }
  FeedQuery query;
  query.follow = true;
  query.cursor = place_.cursor;
  CDCTL_TRY_ASSIGN(signals_,
                   feed::open_behind(*context_, *feed, query, "notify", Deadline(k_open_deadline)));
  return {};
}

Result<> News::take_outcomes(Dispatch& dispatch) {
  for (std::size_t i = 0; i < k_most_outcomes && !dispatch.full(); ++i) {
    CDCTL_TRY_ASSIGN(const auto record, outcomes_->next());
    if (!record) break;
    idle_ = false;
    if (!neighbours_.have(*record)) dispatch.add(*record, record->dump());
  }
  return {};
}

/// Told once; at the end of a run that does not follow as an error, and not here.
void News::deaf(const Error& error) {
  if (std::exchange(trouble_, error.what) == error.what || !follow_) return;
  context_->out.warning("notify hears no signals now: " + printable(trouble_, 300));
}

Result<> News::heard() const {
  if (trouble_.empty()) return {};
  return fail(ExitCode::unknown, fmt::format("signals could not be heard, the next run tells them: "
                                             "{}",
                                             printable(trouble_, 300)));
}

/// Waits for signals where there is a feed, and for outcomes alone where it cannot be reached.
void News::take_signals(Dispatch& dispatch, Millis wait) {
  took_signals_ = false;
  if (!signals_ && next_open_.passed()) {
    next_open_ = Deadline(k_open_again);
    auto opened = open_feed();
    if (opened && !std::exchange(trouble_, {}).empty() && follow_)
      context_->out.note("notify hears signals again");
    if (!opened) deaf(opened.error());
  }
  if (!signals_) {
    (void)pause_for(wait);
    return;
  }
  const auto got = signals_->next(wait);
  if (!got) {
    deaf(got.error());
    signals_.reset();
    next_open_ = Deadline(Millis(1'000));
    return;
  }
  for (const auto& signal : *got)
    if (!neighbours_.have(signal)) dispatch.add(signal, signal.dump());
  took_signals_ = !got->empty();
  if (took_signals_) idle_ = false;
}

Result<> News::pass_on(Dispatch& dispatch, Millis wait) {
  idle_ = true;
  neighbours_.look_again();
  CDCTL_TRY(dispatch.flush());  // what a full disk has left: nothing new before it is kept
  CDCTL_TRY(take_outcomes(dispatch));
  take_signals(dispatch, idle_ ? wait : Millis(0));
  crash_point("notify.heard");
  CDCTL_TRY(dispatch.flush());
  crash_point("notify.kept");
  const auto heard = took_signals_ ? place_.store(signals_->cursor()) : Result<>();
  auto at = outcomes_->position();
  if (!at.empty() && at != log_position_) {
    if (const auto stored = store_log_position(*context_, at); !stored)
      return not_remembered(stored.error());
    log_position_ = std::move(at);
  }
  return heard ? Result<>() : not_remembered(heard.error());
}

}  // namespace cdctl::notify
