#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl::cli {

/// What `top` knows of one set. What is empty could not be read.
struct TopRow {
  std::string set, service, state, why_cut;
  std::string word;     ///< what it is, as `ls` says it
  std::string trouble;  ///< what a look, or else a probe beside the looks, found wrong
  std::optional<bool> cut;
  bool on_trial = false, newest = false;
  std::optional<std::int64_t> want, up;
  std::optional<Time> deployed_at;
  struct Work {
    double delivered = 0, acknowledged = 0, returned = 0;  ///< a second
  };
  std::optional<Work> work;
};

struct TopSignal {
  Time at;
  std::string set, severity, name, message;
};

/// A proposal that came to its target, or was rejected, from this home.
struct TopLanding {
  Time at;
  bool landed = false;
  std::string target, proposal, title, who;
};

enum class TopSort { service, trouble, work, age };
[[nodiscard]] std::string_view to_string(TopSort sort);

/// What the looker and the prober told, put together. Knows no screen and no clock.
class TopModel {
 public:
  /// One line of the looker. What it cannot use it passes over.
  void apply(std::string_view line, Time at);
  /// The sets that the filter (a part of the name, or a glob) lets through.
  [[nodiscard]] std::vector<const TopRow*> rows(TopSort sort, std::string_view filter) const;
  [[nodiscard]] const std::map<std::string, TopRow>& all() const { return rows_; }
  [[nodiscard]] const std::deque<TopSignal>& signals() const { return signals_; }  ///< oldest first
  [[nodiscard]] const std::deque<TopLanding>& landings() const { return landings_; }  ///< as those
  [[nodiscard]] const TopSignal* last_signal(const std::string& set) const;
  /// `thumbs: cannot reach …`: what the last look could not ask.
  [[nodiscard]] const std::vector<std::string>& errors() const { return errors_; }

  std::optional<Time> looked_at;  ///< end of the last look, by our clock
  Millis took{0}, next{0};        ///< what it cost, and how long after it began the next one does

 private:
  void take_set(const Json& record);
  void take_signal(const Json& record);
  void take_landing(const Json& record);
  void take_look(const Json& record, Time at);
  void take_troubles(const Json& record);
  void gather_errors();
  [[nodiscard]] std::string trouble_beside(const std::string& set) const;

  std::map<std::string, TopRow> rows_;
  std::deque<TopSignal> signals_;
  std::deque<TopLanding> landings_;
  std::map<std::string, TopSignal> last_;
  std::map<std::string, std::string> looked_;  ///< set: what the last look found wrong
  std::map<std::string, std::map<std::string, std::string>>
      beside_;  ///< probe: set: what it found wrong
  std::vector<std::string> look_errors_, errors_;
  std::map<std::string, std::string> beside_errors_;  ///< probe: why it could not be asked
};

}  // namespace cdctl::cli
