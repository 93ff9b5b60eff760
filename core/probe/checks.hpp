#pragma once

#include <span>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>

#include "core/app/context.hpp"
#include "core/probe/metric_query.hpp"

namespace cdctl::probe {

/// A check of the user's own: a `[[checks]]` table of a service's file. `{set}`, `{service}` and
/// `{revision}` in its address, its words or its query stand for the set that is looked at.
struct UserCheck {
  std::string name;
  std::string http;                       ///< an address that is asked
  std::vector<std::int64_t> expect{200};  ///< statuses that are well
  std::string contains;                   ///< what the answer must hold
  std::string prometheus, query;          ///< a server, and what it is asked
  std::vector<Bound> bounds;              ///< of the value that it gives; all of them have to hold
  std::vector<std::string> command;       ///< words; exit status 0 is well
  Millis timeout{5000};
  Severity severity = Severity::error;  ///< of a bad signal

  /// Whether each set is asked for itself; else one answer stands for all sets of the service.
  [[nodiscard]] bool per_set() const;
};

/// What a service's file says: the checks that can be made, and what is wrong with the others,
/// which takes out none but themselves.
struct UserChecks {
  struct Wrong {
    std::size_t number;  ///< from 1; 0: of the tables as a whole
    Error error;         ///< exit code `config`, naming file, check and key
  };
  std::vector<UserCheck> usable;
  std::vector<Wrong> wrong;
};
/// A command is only taken from a configuration that is trusted.
[[nodiscard]] UserChecks read_checks(const ServiceConfig& service, bool trusted);

/// One check of one set to be run.
struct CheckRun {
  const ServiceConfig* service = nullptr;
  UserCheck check;
  std::vector<SetName> sets;  ///< whom the answer is about: the first fills the placeholders
};

/// Runs them, several at once, and gives their signals: `check/NAME`, good ones with severity
/// `info`. An error is reported as a record of its service: the check could not be made.
[[nodiscard]] std::vector<Json> run_checks(app::Context& context, std::span<const CheckRun> runs,
                                           const Deadline& deadline);

}  // namespace cdctl::probe
