-- Whether a login failed for its name or password, and not for the server or the connection
create or replace macro is_wrong_credential(failure) as
    failure in (
        'authentication failed', 'wrong password', 'unknown user', 'bad user name',
        'refused by policy', 'not allowed'
    );
