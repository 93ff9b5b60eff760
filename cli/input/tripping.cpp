#include "cli/input/tripping.hpp"
#include "core/records/verdict.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace {

static_assert(LineReader::k_padding >= breaker::SignalScanner::k_padding);

constexpr auto k_idle = std::chrono::seconds(1);  ///< between two looks at the clock
constexpr auto k_most_wait =
    std::chrono::seconds(10);  ///< at the end of the input, for peers that might show the same

}  // namespace

Tripping::Tripping(Context& context, const fleet::RuleBook& book, const TripOptions& options)
    : context_(context),
      options_(options),
      forces_(context),
      lines_([&context] { context.out.flush(); }),
      breaker_(hooks(book), options.all) {
  for (const auto& [service, error] : book.bad()) {
    context.report_record(service, "reading its rules", error);
    context.note_exit(ExitCode::failed);  // the others are judged
    breaker_.block(service, error.what);
  }
}

void Tripping::run() {
  const auto ended = read();
  if (!options_.replay && ended == LineReader::Got::end) wait_for_others();
  if (options_.explain)
    breaker_.explain(
        [this](const records::Explain& record) { context_.out.write(records::encode(record)); });
  note(skipped_, "no signal", "no signals");
  note(expired_, "past its expiry", "past their expiry");
}

breaker::Breaker::Hooks Tripping::hooks(const fleet::RuleBook& book) {
  breaker::Breaker::Hooks out;
  out.rules_of = [&book](std::string_view service) { return book.of(service); };
  out.emit = [this](const records::Verdict& verdict) { emit(verdict); };
  // A replay is about the signals alone.
  if (!options_.replay) out.force_of = [this](const SetName& set) { return forces_.of(set); };
  return out;
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
      if (!options_.replay) breaker_.tick(now());  // a quiet window is closed by the reader's clock
      continue;
    }
    if (got != LineReader::Got::line) return got;
    if (!line.empty()) take(line);
  }
  return LineReader::Got::stopped;
}

int Tripping::idle_ms() const {
  Millis left = k_idle;
  if (const auto due = breaker_.due_hint())
    left = std::clamp<Millis>(*due - now() + Millis(1), Millis(1), left);
  return static_cast<int>(left.count());
}

/// What waited for the other sets of its service is decided, on time if that time is near.
void Tripping::wait_for_others() {
  const Deadline deadline(k_most_wait);
  for (;;) {
    breaker_.settle(now());
    const auto due = breaker_.next_due();
    if (!due || *due <= now() || deadline.passed() || Stop::requested()) return;
    context_.out.flush();
    if (context_.out.broken()) return;
    const auto left = std::min<Millis>({*due - now() + Millis(1), deadline.left(), k_idle});
    (void)pause_for(left);
  }
}

void Tripping::take(std::string_view line) {
  switch (scanner_.scan(line)) {
    case breaker::SignalScanner::Kind::signal:
      if (!blocked_ && !breaker_.add(scanner_.observation()))
        bad(fmt::format("'{}' is no set name", printable(scanner_.observation().set, 60)));
      break;
    case breaker::SignalScanner::Kind::error:  // passed on; nothing is decided for that service
      context_.out.write_line(line);
      context_.note_exit(ExitCode::unknown);
      blocked_ = blocked_ || scanner_.service().empty();
      breaker_.block(scanner_.service(), scanner_.why().empty() ? "could not ask" : scanner_.why());
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
