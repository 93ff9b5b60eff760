#pragma once

#include <string>
#include <vector>

#include <cdctl/child.hpp>

#include "cli/top/line_cutter.hpp"
#include "core/app/context.hpp"

namespace cdctl::cli {

/// The words that make a child read what we read.
[[nodiscard]] std::vector<std::string> words_of(const app::Context& context);

/// Our own program, started beside us with other words. Never waited for: its output is taken as it
/// comes.
class TopChild {
 public:
  TopChild() = default;
  /// stdin is the null device; a session of its own, so that a Ctrl-C for the screen does not reach
  /// it.
  [[nodiscard]] static Result<TopChild> start(const std::vector<std::string>& words);
  TopChild(TopChild&& other) noexcept { *this = std::move(other); }
  TopChild& operator=(TopChild&& other) noexcept;
  ~TopChild() { end(); }

  [[nodiscard]] bool running() const { return process_.running(); }
  [[nodiscard]] int out() const { return process_.out.get(); }
  [[nodiscard]] int err() const { return process_.err.get(); }
  /// Takes what is there, at most 256 KiB. Whole lines of stdout are put behind `lines`; the last
  /// one of stderr is kept.
  void take(std::vector<std::string>& lines);
  /// How many lines of stdout were too long to be taken, since this was asked last.
  [[nodiscard]] std::size_t left_out() { return out_.left_out(); }
  /// Both streams are closed: it has ended, or ends in this moment.
  [[nodiscard]] bool done() const { return !process_.out.valid() && !process_.err.valid(); }
  /// Its exit status once done().
  [[nodiscard]] int reap();
  [[nodiscard]] const std::string& complaint() const { return complaint_; }
  /// Asks one that is running to end, and lets go of it. What acts on sets is let finish: see
  /// leave().
  void end();
  /// Lets go of it and lets it go on to its end.
  void leave();

 private:
  static void take_from(Fd& fd, LineCutter& cutter, std::vector<std::string>& lines);

  Child process_;
  LineCutter out_, err_;
  std::string complaint_;
};

}  // namespace cdctl::cli
