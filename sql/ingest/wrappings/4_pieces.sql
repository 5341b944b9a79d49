-- A container's engine cuts long lines (16 KiB) in pieces that follow each other in stdout or stderr

-- Which of them a line of an engine is of; empty where it is none
create or replace temp macro piece_stream(line) as
    case
        when starts_with(line, '{"log":"')
            then regexp_extract(line, '","stream":"(stdout|stderr)"', 1)
        else regexp_extract(line, '^\d{4}-\d{2}-\d{2}T\S+ (stdout|stderr) [FP](?::\S*)? ', 1)
    end;

-- Whether it goes on in the next one: CRI says so, docker leaves the newline out
create or replace temp macro goes_on(line) as
    case
        when starts_with(line, '{') then strlen(line) >= 16384 and not contains(line, '\n","')
        else regexp_matches(line, '^\S+ \S+ P')
    end;

create or replace temp macro begins_pieces(line) as goes_on(line) and piece_stream(line) <> '';

create or replace temp macro piece_text(line) as
    case
        when starts_with(line, '{')
            -- Cut off it is no JSON: it stays as it is
            then case
                when json_valid(json_of(line))
                    then escaped_text(
                        rtrim(json_extract_string(json_of(line), '$.log'), e'\r\n')
                    )
                else line
            end
        else regexp_replace(line, '^\S+ \S+ \S+ ', '')
    end;

-- What begins a line, and the line that follows it, are at most so many lines apart; it is known from
-- these lines alone, wherever they are cut into batches
create or replace temp macro piece_reach() as 1000;
