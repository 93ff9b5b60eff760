#pragma once

#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "plugins/juju/client/trouble.hpp"

// The one place that runs juju, and only to read: what it would be asked to change is no part of
// it.

namespace cdctl::juju {

/// How to reach a controller.
struct Access {
  std::string controller;                ///< empty: the one that juju has chosen
  std::filesystem::path data;            ///< JUJU_DATA
  std::filesystem::path private_parent;  ///< where the private copies of it are made
  bool snap = false;  ///< juju is a snap: it sees no other temporary folder than its own
  Millis timeout = std::chrono::seconds(20);  ///< of one call, repeats included
  Deadline until;                             ///< of all calls together
  bool last_words = false;  ///< a stop request ends none of its calls: for what is said on the way
                            ///< out, with a short `until`
};

/// A question: `models`, `-c`, `attic`. `--format json` and what keeps juju from asking back are
/// added.
using Question = std::vector<std::string>;

struct Answer {
  Json json;
  std::string notes;  ///< what juju wrote to stderr beside it
};
struct Failure {
  Trouble trouble = Trouble::other;
  Error error;
};
template <class T>
using Asked = std::expected<T, Failure>;

/// Asks once, and again after a while when juju's locks or a lost connection were in the way, until
/// an answer or the access's timeout or deadline. Only a run that ended with status 0 and wrote one
/// JSON value has answered. `attempt` opens the error: `reading the models`.
[[nodiscard]] Asked<Answer> juju_call(const Access& access, const Question& question,
                                      std::string_view attempt);

/// The version of the client: `3.6.11`; for an error line. Takes at most 5 s.
[[nodiscard]] std::string client_version(const Deadline& deadline);

struct NamedQuestion {
  Question question;
  std::string attempt;
};
/// Many questions, four at a time; answers in the order asked. When four in a row got no answer in
/// time, the controller is taken for dead and the rest fail unasked.
[[nodiscard]] std::vector<Asked<Answer>> juju_calls(const Access& access,
                                                    std::span<const NamedQuestion> questions);

}  // namespace cdctl::juju
