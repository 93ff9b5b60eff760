#include "cli/input/tripping.hpp"
#include "core/records/verdict.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace {

static_assert(LineReader::k_padding >= breaker::SignalScanner::k_padding);

constexpr Millis k_clock_slack(30'000);
constexpr auto k_idle = std::chrono::seconds(1);  ///< between two looks at the clock
constexpr auto k_most_wait =
    std::chrono::seconds(10);  ///< at the end of the input, for peers that might show the same

}  // namespace

Tripping::Tripping(Context& context, const fleet::RuleBook& book, const TripOptions& options)
    : context_(context),
      options_(options),
      notes_(context),
      lines_(context),
      breaker_(hooks(book), options.all) {
  for (const auto& [service, error] : book.bad()) {
    context.report_record(service, "reading its rules", error);
    context.note_exit(ExitCode::failed);  // the others are judged
    breaker_.block(service, error.what);
  }
}

void Tripping::run() {
  const auto ended = read();
  if (const auto trouble = lines_.trouble()) context_.report(*trouble);
  if (!options_.replay && ended == LineReader::Got::end) wait_for_others();
  if (options_.explain)
    breaker_.explain(
        [this](const records::Explain& record) { context_.out.write(records::encode(record)); });
  note(skipped_, "no signal", "no signals");
  note(expired_, "past its expiry", "past their expiry");
  if (future_ > 0)
    context_.out.warning(
        fmt::format("{} received in the future by their own word, and taken as of "
                    "now; are the clocks right?",
                    future_ == 1 ? "1 signal was" : fmt::format("{} signals were", future_)));
}

breaker::Breaker::Hooks Tripping::hooks(const fleet::RuleBook& book) {
  breaker::Breaker::Hooks out;
  out.rules_of = [&book](std::string_view service) { return book.of(service); };
  out.emit = [this](const records::Verdict& verdict) { emit(verdict); };
  // A replay is about the signals alone.
  if (options_.replay) return out;
  out.begun = [this](const SetName& set) { return notes_.begun(set); };
  out.force_of = [this](const SetName& set) { return notes_.force_of(set); };
  out.too_old = [this](const SetName& set, Time last) {
    return now() - last > max_age(set.service);
  };
  return out;
}

Millis Tripping::max_age(const std::string& service) const {
  const auto* configured = context_.has_config() ? context_.config().service(service) : nullptr;
  return configured ? configured->max_verdict_age : ServiceConfig().max_verdict_age;
}

void Tripping::emit(const records::Verdict& verdict) {
  if (verdict.loud)
    context_.out.warning(fmt::format(
        "{}: {} sets went bad together ({}): it is the world and no revision, nothing is cut",
        verdict.service, verdict.sets.size(), verdict.why));
  if (!options_.explain) context_.out.write(records::encode(verdict));
}

LineReader::Got Tripping::read() {
  for (std::string_view line; !context_.out.broken();) {
    const auto got = lines_.next(line, idle_ms());
    if (got == LineReader::Got::idle) {
      notes_.next_moment();
      if (!options_.replay) breaker_.tick(now());  // a quiet window is closed by the reader's clock
      continue;
    }
    if (got != LineReader::Got::line) return got;
    if (line.empty()) continue;
    if (std::exchange(first_, false)) {
      if (const auto known = check_format(line, "the signal records of cdctl signals"); !known) {
        context_.report(known.error());
        return LineReader::Got::stopped;
      }
    }
    take(line);
  }
  return LineReader::Got::stopped;
}

int Tripping::idle_ms() const {
  Millis left = k_idle;
  // What is long due belongs to signals of the past that are still coming in: they go on being the
  // clock for as long as they do.
  if (const auto due = breaker_.due_hint(); due && now() - *due < k_idle)
    left = std::clamp<Millis>(*due - now() + Millis(1), Millis(1), left);
  return static_cast<int>(left.count());
}

/// What waited for the other sets of its service is decided, on time if that time is near.
void Tripping::wait_for_others() {
  const Deadline deadline(k_most_wait);
  for (;;) {
    notes_.next_moment();
    breaker_.settle(now());
    const auto due = breaker_.next_due();
    if (!due || *due <= now() || deadline.passed() || Stop::requested()) return;
    context_.out.flush();
    if (context_.out.broken()) return;
    const auto left = std::min<Millis>({*due - now() + Millis(1), deadline.left(), k_idle});
    (void)pause_for(left);
  }
}

/// A signal that says it was received in the future would close every window that is open now: it
/// came now.
const breaker::Observation& Tripping::by_now(const breaker::Observation& signal) {
  if (options_.replay || signal.received <= latest_) return signal;
  const auto clock = now();
  latest_ = clock + k_clock_slack;
  if (signal.received <= latest_) return signal;
  ++future_;
  clamped_ = signal;
  clamped_.received = clock;
  clamped_.time = std::clamp(signal.time, clock - k_clock_slack, clock + k_clock_slack);
  return clamped_;
}

void Tripping::take(std::string_view line) {
  notes_.next_moment();
  switch (scanner_.scan(line)) {
    case breaker::SignalScanner::Kind::signal:
      if (!blocked_ && !breaker_.add(by_now(scanner_.observation())))
        bad(fmt::format("'{}' is no set name", printable(scanner_.observation().set, 60)));
      break;
    case breaker::SignalScanner::Kind::error:  // passed on; nothing is decided for that service
      context_.out.write_line(line);
      context_.note_exit(ExitCode::unknown);
      blocked_ = blocked_ || scanner_.service().empty();
      if (valid_word(scanner_.service()))  // no other is anybody's
        breaker_.block(scanner_.service(),
                       scanner_.why().empty() ? "could not ask" : scanner_.why());
      break;
    case breaker::SignalScanner::Kind::expired:
      ++expired_;
      break;
    case breaker::SignalScanner::Kind::other:
      ++skipped_;
      break;
    case breaker::SignalScanner::Kind::bad:
      bad(scanner_.why());
      break;
  }
}

void Tripping::bad(std::string_view why) {
  context_.report({ExitCode::failed, fmt::format("line {}: {}; skipped", lines_.number(), why)});
}

void Tripping::note(std::size_t count, std::string_view one, std::string_view more) {
  if (count == 1)
    context_.out.note(fmt::format("skipped 1 record that is {}", one));
  else if (count > 1)
    context_.out.note(fmt::format("skipped {} records that are {}", count, more));
}

}  // namespace cdctl::cli
