// SPDX-License-Identifier: GPL-2.0-only
/* The table of model/code.h as data. */
#include "model/code.h"

static const struct code_info infos[CODE_COUNT] = {
#define X(name, text, status, title, remedy) [CODE_##name] = {text, status, title, remedy},
	CODES(X)
#undef X
};

const struct code_info *code_info(enum code code)
{
	return &infos[code < CODE_COUNT ? code : CODE_NONE];
}
