#pragma once

#include <chrono>
#include <utility>
#include <vector>

#include <cdctl/args.hpp>
#include <cdctl/set_name.hpp>

#include "cli/output/context.hpp"
#include "core/actions/cut.hpp"

namespace cdctl::cli {

/// What the options of `break` say of a set; `even_last` are the sets of --even-last.
[[nodiscard]] actions::CutOptions cut_options(const Arguments& args,
                                              const std::vector<SetName>& even_last,
                                              const SetName& set);

/// Verdicts of a pipe. One that could not be acted on, for nobody answered, is tried again while
/// its evidence is fresh: whoever gave it to us counts it as done.
class Verdicts {
 public:
  /// `args` outlive it.
  Verdicts(Context& context, const Arguments& args, std::vector<SetName> even_last, Millis timeout)
      : context_(context), args_(args), even_last_(std::move(even_last)), timeout_(timeout) {}

  void act(const SetName& set, const actions::CutCause& cause);
  void act_on_due();
  /// Until something is due; -1 when nothing is.
  [[nodiscard]] int wait_ms() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    SetName set;
    actions::CutCause cause;
    Clock::time_point at{};
    Millis pause{};
  };
  void attempt(Waiting one);

  Context& context_;
  const Arguments& args_;
  std::vector<SetName> even_last_;
  Millis timeout_;
  std::vector<Waiting> waiting_;
};

}  // namespace cdctl::cli
