#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "plugins/juju/client/access.hpp"
#include "plugins/juju/client/failure.hpp"

// The one place that runs juju: to read (juju_call), and to have it change something (juju_act).

namespace cdctl::juju {

/// A question: `models`, `-c`, `attic`. `--format json` and what keeps juju from asking back are
/// added.
using Question = std::vector<std::string>;

struct JujuAnswer {
  Json json;
  std::string notes;  ///< what juju wrote to stderr beside it
};

/// Asks once, and again after a while when juju's locks or a lost connection were in the way, until
/// an answer or the access's timeout or deadline. Only a run that ended with status 0 and wrote one
/// JSON value has answered. `attempt` opens the error: `reading the models`.
[[nodiscard]] Asked<JujuAnswer> juju_call(const Access& access, const Question& question,
                                          std::string_view attempt);

struct NamedQuestion {
  Question question;
  std::string attempt;
};
/// Many questions, four at a time; answers in the order asked. When four in a row got no answer in
/// time, the controller is taken for dead and the rest fail unasked.
[[nodiscard]] std::vector<Asked<JujuAnswer>> juju_calls(const Access& access,
                                                        std::span<const NamedQuestion> questions);

struct ActOptions {
  bool credentials =
      false;  ///< juju may see the cloud credentials of this user: add-model looks for one
  std::optional<Deadline> deadline;  ///< else the access's timeout from now
  std::filesystem::path directory;   ///< juju's working folder; empty = ours
};
/// Runs `juju --no-alias WORDS… -B`, a command that changes something, through the same seam as
/// juju_call: stdin closed, a private copy of the data folder, an end at the deadline. It is run
/// once: after a lost connection, a deadline or a signal (FailureKind::unreachable, other) what was
/// asked for can have been done all the same, and only a fresh look tells. Only juju's own lock
/// files (FailureKind::local) make it try again, since nothing was sent then. A command that juju
/// refuses for a reason of its own has exit code `failed`. Nothing secret may be among the words:
/// hand it over in a file of PrivateFolder.
[[nodiscard]] Asked<Finished> juju_act(const Access& access, const std::vector<std::string>& words,
                                       std::string_view attempt, const ActOptions& options = {});

/// The version of the client: `3.6.11`; for an error line. Takes at most 5 s.
[[nodiscard]] std::string client_version(const Deadline& deadline);
/// Major and minor version of the client, `{3,6}`; zeros when it could not be read.
struct ClientVersion {
  int major = 0, minor = 0;
  auto operator<=>(const ClientVersion&) const = default;
};
[[nodiscard]] ClientVersion parse_client_version(std::string_view text);

}  // namespace cdctl::juju
