#pragma once

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/rabbit/broker/brokers.hpp"
#include "plugins/rabbit/broker/users.hpp"

namespace cdctl::rabbit {

/// Cuts sets off from RabbitMQ through the connection limit of each set's own user: a limit of 0
/// lets nobody in, and the open connections are closed by name. Needs no password, loses no
/// message, and comes undone without either.
class RabbitSwitch final : public Switch {
 public:
  explicit RabbitSwitch(Host& host) : host_(host), brokers_(host) {}

  Result<> do_check_file(const ServiceConfig& service) override;
  Result<> do_check(const ServiceConfig& service, const Deadline& deadline) override;
  Result<std::map<std::string, std::int64_t>> do_delivery_limits(const ServiceConfig& service,
                                                                 const Deadline& deadline) override;
  Result<std::map<std::string, std::string>> do_provision(const ServiceConfig& service,
                                                          const SetName& set,
                                                          std::string_view secret,
                                                          const Deadline& deadline) override;
  Result<Keeper> do_keeper(const ServiceConfig& service, const SetName& set,
                           const std::string& process, std::int64_t rank) override;
  Result<Step> do_cut(const SetName& set, std::string_view why, const Deadline& deadline) override;
  Result<Step> do_drain(const SetName& set, const Deadline& deadline) override;
  Result<Step> do_mend(const SetName& set, std::optional<std::int64_t> prev_limit,
                       const Deadline& deadline) override;
  Result<Step> do_admit(const SetName& set, std::int64_t units, const Deadline& deadline) override;
  Result<Settled> do_settled(const SetName& set, const Deadline& deadline) override;
  Result<Step> do_retire(const SetName& set, const Deadline& deadline) override;
  Result<std::vector<std::int64_t>> do_connections(std::span<const SetName> sets,
                                                   const Deadline& deadline) override;
  Result<std::vector<AtWork>> do_at_work(std::span<const Provisioned> sets,
                                         const Deadline& deadline) override;
  /// Of its node that was started last.
  Result<std::optional<Time>> do_up_since(const SetName& set, const Deadline& deadline) override;
  Result<std::map<std::string, Backlog>> do_stuck(std::span<const ServiceConfig* const> services,
                                                  const Deadline& deadline) override;
  Result<std::vector<QueueDepth>> do_queues(std::span<const ServiceConfig* const> services,
                                            const Deadline& deadline) override;
  Result<std::map<std::string, std::string>> do_wrong_rights(std::span<const Provisioned> sets,
                                                             const Deadline& deadline) override;
  Result<Json> do_describe(const ServiceConfig& service, const SetName& set,
                           const Deadline& deadline) override;
  std::vector<std::string> do_left_behind(const ServiceConfig& service) const override;

 private:
  Result<Step> close_limited(Management& management, const SetName& set, Owner owner,
                             const std::string& reason, Step step, const Deadline& deadline);
  Result<> delete_user(Management& management, const SetName& set, const Deadline& deadline);

  Host& host_;
  Brokers brokers_;
};

}  // namespace cdctl::rabbit
