/** From where each person signs in: there attempts are counted apart, so that nobody is kept out by whoever guesses elsewhere. */
export const sql = `
create table known_networks (
  user_id uuid not null references users (id),
  network text not null,
  at timestamptz not null,
  primary key (user_id, network)
);
comment on table known_networks is 'Networks from which a person has signed in by password, on real time; those of long ago are forgotten';
revoke truncate on known_networks from shiming_app;
`;
