/** What the manual says, compared with the code. */
@NullMarked
package dev.orchestrator.docs;

import org.jspecify.annotations.NullMarked;
