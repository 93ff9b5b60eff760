#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/top/child.hpp"
#include "cli/top/view.hpp"

namespace cdctl::cli {

/// The live view: takes what the looker tells, draws, and does what the keys say. It asks nobody
/// itself; whatever takes time is a child.
class TopSession {
 public:
  struct Options {
    std::vector<std::string> global;  ///< --config and the like, for every child
    std::vector<std::string> look;    ///< the words of the looker
    Millis every{1000};
    bool ascii = false;
  };
  TopSession(Screen& screen, Options options) : screen_(screen), options_(std::move(options)) {}

  /// Until `q`, or a stop is requested.
  [[nodiscard]] Result<> run();

 private:
  enum class Mode { list, filter, confirm, page };

  void start_looker();
  void start_prober();
  void take_looks();
  void take_troubles();
  void take();
  void take_job(const std::vector<std::string>& lines);
  void wait();
  void draw();
  [[nodiscard]] std::vector<std::string> page_lines() const;
  void open_page(std::vector<std::string> lines, std::optional<Json> record);
  void press(int key);
  void press_list(int key);
  void press_filter(int key);
  void press_confirm(int key);
  void press_page(int key);
  void move(std::ptrdiff_t by);
  void ask(std::string_view action);
  void start_job(std::vector<std::string> words);
  void say(std::string text, TextStyle style = TextStyle::plain);
  void say_guards(int status);
  void say_outcome(const std::string& line, int status);
  [[nodiscard]] std::string confirm_text() const;

  Screen& screen_;
  Options options_;
  TopModel model_;
  TopChoice choice_;
  std::size_t top_ = 0;
  Mode mode_ = Mode::list;
  bool quit_ = false, dirty_ = true;

  TopChild looker_, prober_;
  std::optional<Deadline> restart_;      ///< the looker ended: when to try again
  std::optional<Deadline> probe_again_;  ///< the prober failed
  TopChild job_;                         ///< inspect, break, mend, or a dry run of them
  std::vector<std::string> job_lines_;
  std::string job_kind_;         ///< `inspect`, `check`, `act`
  std::string action_, target_;  ///< of the question
  std::string page_title_;
  std::vector<std::string> page_;    ///< its lines, or
  std::optional<Json> page_record_;  ///< what `inspect` found, laid out for the width of the screen
  std::size_t page_from_ = 0;
  std::optional<Deadline> forget_status_;
  Time drawn_{};
};

}  // namespace cdctl::cli
