#pragma once

#include "core/app/context.hpp"
#include "core/feed/listen/listener.hpp"
#include "core/fleet/fleet.hpp"

namespace cdctl::feed {

struct ListenOptions {
  std::string address, token_file;
  bool spool = false;
  Millis timeout{5000};  ///< of the feed, for each batch
};

/// Takes signals over HTTP until a stop is requested or the reader of stdout has gone. A signal is
/// answered for once the feed has it, or the spool; then it goes to stdout too. Exit code `config`
/// without a token.
[[nodiscard]] Result<> listen_for_signals(app::Context& context, const ListenOptions& options);

}  // namespace cdctl::feed
