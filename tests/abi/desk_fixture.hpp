#pragma once

#include "abi/service_fixture.hpp"

namespace weir::host {

/// The service `desk`, started, wherever the placement has it run.
struct Desk : ServiceTest, testing::WithParamInterface<Placement> {
    Desk() : ServiceTest{GetParam()} {}
    ServiceProxy desk = started("abi_desk", "desk");

    HttpAnswer put(std::string const& id, std::string const& body) {
        Asked const asked{
            .method = "PUT", .path = "/desk/notes/" + id, .body = body, .params = {{"id", id}}};
        return desk.on_http("put_note", asked.request(), call);
    }
};

}  // namespace weir::host
