Deno.serve(() => new Response("of release 2"))
