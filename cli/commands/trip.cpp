#include <fmt/format.h>
#include <unistd.h>

#include "../breaker.hpp"
#include "../command.hpp"
#include "../input.hpp"
#include "../outcome.hpp"
#include "../signal_scan.hpp"

namespace cdctl::cli {

namespace {

Result<std::vector<Rule>> parse_rules(const std::vector<std::string>& texts, std::string_view where) {
  std::vector<Rule> out;
  for (const auto& text : texts) {
    auto rule = Rule::parse(text);
    if (!rule) return std::unexpected(where.empty() ? rule.error() : Error{ExitCode::config, fmt::format("{}: {}", where, rule.error().what)});
    out.push_back(std::move(*rule));
  }
  return out;
}

/// The rules of each service: the flags' for all, else its own file's, else the default ones.
class RuleBook {
 public:
  static Result<RuleBook> make(Context& context, const Arguments& args) {
    RuleBook out;
    if (args.has("rule")) {
      CDCTL_TRY_ASSIGN(out.common_, parse_rules(args.values("rule"), ""));
      return out;
    }
    CDCTL_TRY(context.load_config());
    CDCTL_TRY_ASSIGN(out.common_, parse_rules(default_rules(), ""));
    for (const auto& service : context.config().services) {
      if (service.rules.empty()) continue;
      CDCTL_TRY_ASSIGN(out.own_[service.name], parse_rules(service.rules, service.file.string() + ": breaker.rules"));
    }
    return out;
  }
  [[nodiscard]] std::vector<Rule> of(std::string_view service) const {
    const auto at = own_.find(std::string(service));
    return at == own_.end() ? common_ : at->second;
  }

 private:
  std::vector<Rule> common_;
  std::map<std::string, std::vector<Rule>> own_;
};

class Tripping {
 public:
  Tripping(Context& context, const RuleBook& book, bool all)
      : context_(context), lines_([&context] { context.out.flush(); }),
        breaker_([&book](std::string_view service) { return book.of(service); }, [&context](const Json& verdict) { context.out.write(verdict); }, all) {}

  void run() {
    for (std::string_view line; !context_.out.broken();) {
      const auto got = lines_.next(line, 1000);
      if (got == LineReader::Got::idle) {
        breaker_.tick(now());  // a quiet window is closed by the reader's clock
        continue;
      }
      if (got != LineReader::Got::line) break;
      if (!line.empty()) take(line);
    }
    if (skipped_ > 0) context_.out.note(fmt::format("skipped {} record{} that {} no signal", skipped_, skipped_ == 1 ? "" : "s", skipped_ == 1 ? "is" : "are"));
  }
  [[nodiscard]] bool any_unhealthy() const { return breaker_.any_unhealthy(); }

 private:
  void take(std::string_view line) {
    switch (scanner_.scan(line)) {
      case SignalScanner::Kind::signal:
        if (!blocked_ && !breaker_.add(scanner_.observation())) bad(fmt::format("'{}' is no set name", printable(scanner_.observation().set, 60)));
        break;
      case SignalScanner::Kind::error:  // passed on; nothing is decided for that service
        context_.out.write_line(line);
        context_.note_exit(ExitCode::unknown);
        if (scanner_.service().empty()) blocked_ = true;
        else breaker_.block(scanner_.service());
        break;
      case SignalScanner::Kind::other: ++skipped_; break;
      case SignalScanner::Kind::bad: bad(scanner_.why()); break;
    }
  }
  void bad(std::string_view why) { context_.report({ExitCode::failed, fmt::format("line {}: {}; skipped", lines_.number(), why)}); }

  Context& context_;
  LineReader lines_;
  SignalScanner scanner_;
  Breaker breaker_;
  std::size_t skipped_ = 0;
  bool blocked_ = false;
};

}  // namespace

int run_trip(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto book, RuleBook::make(context, args));
    if (::isatty(STDIN_FILENO)) return fail(ExitCode::usage, "standard input is a terminal: pipe the signal records of cdctl signals into it");
    Tripping tripping(context, book, args.has("all"));
    tripping.run();
    if (args.has("exit-code") && tripping.any_unhealthy() && context.exit_code() == 0) context.note_exit(ExitCode::something);
    return {};
  });
}

}  // namespace cdctl::cli
