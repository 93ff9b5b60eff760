#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// What a record says to people, in the words that every sink uses: one condition that began or is
/// over, or one thing that was done.
struct Notice {
  enum class Kind {
    cut,       ///< a set was cut off, or is joined again
    uncut,     ///< a set is unhealthy and could not be cut
    everyone,  ///< all sets of a service went bad together: nobody is cut
    unjudged,  ///< a set could not be judged for long
    outage,    ///< nobody works on a service
    deploy,    ///< a deploy went wrong
    signal,    ///< what a service says of itself
    deployed,  ///< changes: no condition, they are over once they are told
    reaped,
    landed,
    rejected,
    decided,  ///< by a person: hold, resume, force, retire
  };
  Kind kind = Kind::decided;
  /// Of the condition: one that begins and its end have the same, whatever else has changed. Never
  /// severity, value or time. `cut/thumbs-r5f0c1e9a2b`. Empty for a change.
  std::string key;
  bool over = false;  ///< the condition that `key` names is no more
  /// Over, if it ever began: for receivers that keep conditions. To people it would be news of
  /// nothing.
  bool implied = false;
  Severity severity = Severity::info;
  std::string summary;                 ///< one line
  std::string id;                      ///< of this record and notice: the same each time it is sent
  std::string service, revision, set;  ///< as far as they apply
  std::string target;                  ///< of what landed
  std::string by;
  Time time;

  [[nodiscard]] bool change() const { return key.empty(); }
};

/// `cut`, `uncut`, …: the words that routes and receivers know.
[[nodiscard]] std::string_view to_string(Notice::Kind kind);

/// What there is to say of a record, most often one thing or nothing: a dry run, what changed
/// nothing, an observation. A record that ends several conditions gives one each.
[[nodiscard]] std::vector<Notice> notices_of(const Json& record);

}  // namespace cdctl
